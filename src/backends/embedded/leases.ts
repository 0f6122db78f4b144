import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '../../ports/errors.ts';
import { pause } from '../../ports/eventsourcing/loop.ts';
import type { Lease, Leases } from '../../ports/leases.ts';
import type { Link } from './connection/link.ts';
import { type AcquireReply, LEASE_MS } from './protocol.ts';

/** ms between two renewals, so that a lease outlives some that are late. */
const RENEW_MS = LEASE_MS / 4;
/** ms for which a release is waited for; if it is not heard, the lease expires. */
const RELEASE_MS = 500;
/** ms between two looks whether a name that somebody else holds is free. */
const LOOK_MS = 250;

export function embeddedLeases(link: Link): Leases {
  /** Holds what was acquired at `askedAt` or later, renews it, and gives it back. */
  const hold = (name: string, token: number, askedAt: number): Lease => {
    const losing = new AbortController();
    /** Until then nobody else has the lease: counted from before it was asked for. */
    let until = askedAt + LEASE_MS;
    let timer: NodeJS.Timeout | undefined;

    const lose = (): void => {
      clearTimeout(timer);
      losing.abort();
    };
    /** A store that is away is asked again until the lease has expired. */
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

  /** Looks until the name is free. */
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
        // A lease that comes after that is nobody's.
        if (signal.aborted) void acquiring.then((lease) => lease?.release()).catch(() => undefined);
      }
    },
  };
}
