/** Idempotency keys of one appKey, fetched ahead in batches (`docs/jpush.md §5`). */
import type { Clock } from '../../../ports/clock.ts';
import type { CallFailure, KeyResult } from '../channel.ts';

const HOUR_MS = 3_600_000;
/** JPush forgets a cid after a day: one is handed out in its first half, and retried with until an hour before its end. */
const FRESH_MS = 12 * HOUR_MS;
const VALID_MS = 23 * HOUR_MS;
/** What the free tier gives at most, and what VIP does. */
const FIRST_COUNT = 10;
const MAX_COUNT = 1000;
/** A batch used up sooner than this was too small. */
const SHORT_LIVED_MS = 10_000;

export type CidBatch = { readonly type: 'cids'; readonly cids: readonly string[] } | CallFailure;

export interface CidPoolOptions {
  /** Asks JPush for up to `count` cids; it may give fewer. Bounded in time, never rejects. */
  readonly fetchCids: (count: number) => Promise<CidBatch>;
  readonly clock: Clock;
  /** How long a caller waits for its turn, the last fetch aside. */
  readonly deadlineMs: number;
}

export interface CidPool {
  /** @throws the signal's reason once it is aborted, nothing else */
  take(signal: AbortSignal): Promise<KeyResult>;
  /** Forgets what was fetched: JPush no longer knows these. */
  clear(): void;
}

interface Entry {
  readonly cid: string;
  readonly fetchedAt: number;
}

export function cidPool({ fetchCids, clock, deadlineMs }: CidPoolOptions): CidPool {
  let entries: Entry[] = [];
  let count = FIRST_COUNT;
  let waiting = 0;
  let lastFetch = Number.NEGATIVE_INFINITY;
  let healthy = true;
  let fetching: Promise<CallFailure | undefined> | undefined;

  const next = (): Entry | undefined => {
    const oldest = clock.now() - FRESH_MS;
    for (let entry = entries.shift(); entry !== undefined; entry = entries.shift())
      if (entry.fetchedAt > oldest) return entry;
    return undefined;
  };

  const fetchMore = async (): Promise<CallFailure | undefined> => {
    const fetchedAt = clock.now();
    const asked = Math.min(Math.max(count, waiting), MAX_COUNT);
    const batch = await fetchCids(asked);
    healthy = batch.type === 'cids';
    if (batch.type !== 'cids') {
      count = FIRST_COUNT;
      return batch;
    }
    // Demand is told by how fast the batch before went; asking for more than the tier gives does no harm.
    if (fetchedAt - lastFetch < SHORT_LIVED_MS && batch.cids.length >= asked) count = Math.min(count * 4, MAX_COUNT);
    lastFetch = fetchedAt;
    entries.push(...batch.cids.slice(0, MAX_COUNT).map((cid) => ({ cid, fetchedAt })));
    return undefined;
  };

  /** One fetch at a time, whoever asks. */
  const refill = (): Promise<CallFailure | undefined> => {
    fetching ??= fetchMore().finally(() => {
      fetching = undefined;
    });
    return fetching;
  };

  const takeOrFetch = async (signal: AbortSignal): Promise<KeyResult> => {
    const giveUpAt = performance.now() + deadlineMs;
    for (;;) {
      signal.throwIfAborted();
      const entry = next();
      if (entry !== undefined) {
        // Ahead of need, so that nobody waits for it; not from a provider that just failed.
        if (healthy && entries.length < count / 4) void refill();
        return { type: 'reserved', key: entry.cid, validUntil: entry.fetchedAt + VALID_MS };
      }
      if (performance.now() > giveUpAt) return { type: 'failed', reason: `no cid within ${deadlineMs} ms` };
      const failure = await orAbort(refill(), signal);
      if (failure !== undefined) return failure;
    }
  };

  return {
    async take(signal) {
      waiting += 1;
      try {
        return await takeOrFetch(signal);
      } finally {
        waiting -= 1;
      }
    },
    clear() {
      entries = [];
    },
  };
}

/** The fetch is everybody's, so an abort ends the waiting only. */
async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
