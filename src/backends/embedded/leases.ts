import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '../../ports/errors.ts';
import { pause } from '../../ports/eventsourcing/loop.ts';
import type { Lease, Leases } from '../../ports/leases.ts';
import type { Link } from './connection/link.ts';
import { type AcquireReply, LEASE_MS } from './protocol.ts';

/** ms between two renewals: a lease survives a few that are late or lost. */
const RENEW_MS = LEASE_MS / 4;
/** How long, in ms, to wait for the answer to a release. If none comes, the lease expires by itself. */
const RELEASE_MS = 500;
/** ms between two tries to acquire a lease that another holder has. */
const LOOK_MS = 250;

export function embeddedLeases(link: Link): Leases {
  /** The lease that was acquired at `askedAt` or later: renews it until it is released or lost. */
  const hold = (name: string, token: number, askedAt: number): Lease => {
    const losing = new AbortController();
    /** No other holder can have the lease before this time. It counts from before the request, to be safe. */
    let until = askedAt + LEASE_MS;
    let timer: NodeJS.Timeout | undefined;

    const lose = (): void => {
      clearTimeout(timer);
      losing.abort();
    };
    /** Renews the lease once. If the store is away, the next tick tries again, until the lease has expired. */
    const renew = async (): Promise<void> => {
      const renewedAt = performance.now();
      const isMine = await link.send<boolean>({ kind: 'renewLease', name, token }).catch(() => undefined);
      if (isMine === false) lose();
      if (isMine === true) until = renewedAt + LEASE_MS;
    };
    const tick = (): void => {
      const left = until - performance.now();
      if (left <= 0) lose();
      if (losing.signal.aborted) return;
      void renew();
      timer = setTimeout(tick, Math.min(RENEW_MS, left)).unref();
    };
    timer = setTimeout(tick, RENEW_MS).unref();
    link.signal.addEventListener('abort', lose, { once: true });

    return {
      name,
      token: BigInt(token),
      lost: losing.signal,
      async release() {
        link.signal.removeEventListener('abort', lose);
        lose();
        const released = link.send({ kind: 'releaseLease', name, token }).catch(() => undefined);
        await Promise.race([released, pause(RELEASE_MS, link.signal)]);
      },
    };
  };

  const ask = async (name: string, holder: string): Promise<Lease | AcquireReply> => {
    const askedAt = performance.now();
    const reply = await link.send<AcquireReply>({ kind: 'acquireLease', name, holder });
    return reply.type === 'acquired' ? hold(name, reply.token, askedAt) : reply;
  };

  /** Tries until the lease is free. */
  const acquire = async (name: string, signal: AbortSignal): Promise<Lease | undefined> => {
    const holder = randomUUID();
    while (!signal.aborted) {
      let waitMs = LOOK_MS;
      try {
        const answer = await ask(name, holder);
        if (!('type' in answer)) return answer;
        if (answer.type === 'held') waitMs = Math.min(LOOK_MS, answer.leftMs);
      } catch (error) {
        if (link.signal.aborted || !(error instanceof StoreUnavailable)) throw error;
      }
      await pause(waitMs, signal);
    }
    return undefined;
  };

  return {
    async acquire(name, signal) {
      const aborted = Promise.withResolvers<undefined>();
      const abort = (): void => aborted.resolve(undefined);
      signal.addEventListener('abort', abort);
      const acquiring = acquire(name, signal);
      try {
        return await Promise.race([acquiring, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
        // A lease that arrives after the abort has no owner, so it is given back.
        if (signal.aborted) void acquiring.then((lease) => lease?.release()).catch(() => undefined);
      }
    },
  };
}
