/** Issued cids, each with the result of its first successful push (`docs/jpush.md §5`). */
import { randomUUID } from 'node:crypto';
import { makeRoom } from './types.ts';

const VALID_MS = 24 * 3_600_000;
/** Beyond this the oldest are forgotten early. */
const MAX_CIDS = 500_000;

/** The answer that a later push with the same cid gets again. */
export interface FirstResult {
  readonly sendno: string;
  readonly msgId: string;
}

export interface Cid {
  readonly appKey: string;
  readonly issuedAt: number;
  result?: FirstResult;
  /** The push under way with it, if any. */
  busy?: Promise<void> | undefined;
}

export interface CidStore {
  issue(appKey: string, count: number, now: number): readonly string[];
  /** @returns `undefined` for a cid that was never issued, belongs to another app or is older than a day */
  find(appKey: string, cid: string, now: number): Cid | undefined;
}

/** @param adoptUnknown also accepts well-formed cids that it has not issued: an earlier run may have */
export function cidStore(adoptUnknown: boolean): CidStore {
  const cids = new Map<string, Cid>();

  const add = (cid: string, appKey: string, now: number): Cid => {
    const issued = { appKey, issuedAt: now };
    cids.set(cid, issued);
    return issued;
  };

  return {
    issue(appKey, count, now) {
      makeRoom(cids, MAX_CIDS, count);
      return Array.from({ length: count }, () => {
        const cid = `${appKey}-${randomUUID()}`;
        add(cid, appKey, now);
        return cid;
      });
    },
    find(appKey, cid, now) {
      const known = cids.get(cid);
      if (known === undefined && adoptUnknown && isCidOf(appKey, cid)) {
        makeRoom(cids, MAX_CIDS);
        return add(cid, appKey, now);
      }
      return known?.appKey === appKey && now - known.issuedAt < VALID_MS ? known : undefined;
    },
  };
}

function isCidOf(appKey: string, cid: string): boolean {
  return (
    cid.startsWith(`${appKey}-`) && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(cid.slice(appKey.length + 1))
  );
}

/** Runs pushes of the same cid one after the other, so that the second one finds the result of the first. */
export async function oneAtATime<T>(cid: Cid, push: () => Promise<T>): Promise<T> {
  while (cid.busy !== undefined) await cid.busy;
  const { promise, resolve } = Promise.withResolvers<void>();
  cid.busy = promise;
  try {
    return await push();
  } finally {
    cid.busy = undefined;
    resolve();
  }
}
