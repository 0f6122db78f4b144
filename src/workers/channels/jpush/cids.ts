/** Idempotency keys of one appKey, fetched in batches and ahead of need (`docs/jpush.md §5`). */
import type { Clock, MonotonicClock } from '../../../ports/clock.ts';
import type { CallFailure, KeyResult } from '../channel.ts';
import { fetchSize } from './cid-demand.ts';

const HOUR_MS = 3_600_000;
/** JPush forgets a cid after a day: one is handed out in its first half, and retried with until an hour before its end. */
const FRESH_MS = 12 * HOUR_MS;
const VALID_MS = 23 * HOUR_MS;
/** The free tier gives 10 cids a call. At 50 ms a call one fetch at a time would hold an app at 200 pushes a second. */
const MAX_FETCHES = 8;

export type CidBatch = { readonly type: 'cids'; readonly cids: readonly string[] } | CallFailure;

export interface CidPoolOptions {
  /** Asks JPush for up to `count` cids; it may give fewer. Bounded in time, never rejects. */
  readonly fetchCids: (count: number) => Promise<CidBatch>;
  /** For the time of day until when a cid is valid. */
  readonly clock: Clock;
  /** For the age of cids. */
  readonly monotonic: MonotonicClock;
  /** How long a caller waits for its turn, not counting the fetch that runs by then. */
  readonly deadlineMs: number;
}

export interface CidPool {
  /** Callers are served in the order in which they asked. @throws the signal's reason once it is aborted, nothing else */
  take(signal: AbortSignal): Promise<KeyResult>;
  /** Drops the stock, because JPush no longer knows these cids. */
  clear(): void;
}

interface Entry {
  readonly cid: string;
  /** By the monotonic clock. */
  readonly fetchedAt: number;
}

interface Waiter {
  readonly since: number;
  resolve(result: KeyResult): void;
}

export function cidPool({ fetchCids, clock, monotonic, deadlineMs }: CidPoolOptions): CidPool {
  const size = fetchSize();
  /** Oldest first, like the waiters. */
  let stock: Entry[] = [];
  let waiters: Waiter[] = [];
  let fetches = 0;
  /** Cids that the fetches under way will probably bring. */
  let expected = 0;
  let healthy = true;
  /** Counts failures, so that fetches which ran at the time of one are known to share its cause. */
  let failures = 0;
  let lastFailure: CallFailure | undefined;

  const reserved = ({ cid, fetchedAt }: Entry): KeyResult => {
    const age = monotonic.elapsed() - fetchedAt;
    return { type: 'reserved', key: cid, validUntil: clock.now() + VALID_MS - age };
  };

  const next = (): Entry | undefined => {
    const oldest = monotonic.elapsed() - FRESH_MS;
    for (let entry = stock.shift(); entry !== undefined; entry = stock.shift())
      if (entry.fetchedAt > oldest) return entry;
    return undefined;
  };

  const serve = (): void => {
    while (waiters.length > 0) {
      const entry = next();
      if (entry === undefined) return;
      waiters.shift()?.resolve(reserved(entry));
    }
  };

  const fetchBatch = async (): Promise<void> => {
    const startedAt = monotonic.elapsed();
    const failuresBefore = failures;
    const asked = size.next(waiters.length - expected, startedAt);
    const hoped = size.likely(asked);
    fetches += 1;
    expected += hoped;
    const batch = await fetchCids(asked);
    fetches -= 1;
    expected -= hoped;
    healthy = batch.type === 'cids';
    if (batch.type === 'cids') {
      size.given(asked, batch.cids.length);
      for (const cid of batch.cids) stock.push({ cid, fetchedAt: startedAt });
      serve();
      dropOverdue();
    } else {
      size.failed();
      // Fetches that ran at the same time fail for one reason: their waiters get the same object, which counts once.
      if (failures === failuresBefore || lastFailure === undefined) lastFailure = batch;
      failures += 1;
      failSurplus(lastFailure);
    }
    refill();
  };

  /** Fails the newest waiters, for whom the fetches under way will bring nothing. */
  const failSurplus = (failure: CallFailure): void => {
    for (const waiter of waiters.splice(expected)) waiter.resolve(failure);
  };

  const dropOverdue = (): void => {
    const oldest = monotonic.elapsed() - deadlineMs;
    while (waiters[0] !== undefined && waiters[0].since < oldest)
      waiters.shift()?.resolve({ type: 'failed', reason: `no cid within ${deadlineMs} ms` });
  };

  /** After a failure one fetch at a time finds out whether JPush is back, and only for a caller that waits. */
  const refill = (): void => {
    const most = healthy ? MAX_FETCHES : 1;
    const ahead = healthy ? size.lowWater() : 0;
    while (fetches < most && stock.length + expected < waiters.length + ahead) void fetchBatch();
  };

  const wait = (signal: AbortSignal): Promise<KeyResult> => {
    const { promise, resolve, reject } = Promise.withResolvers<KeyResult>();
    const abort = (): void => {
      waiters = waiters.filter((other) => other !== waiter);
      reject(signal.reason);
    };
    const waiter: Waiter = {
      since: monotonic.elapsed(),
      resolve(result) {
        signal.removeEventListener('abort', abort);
        resolve(result);
      },
    };
    signal.addEventListener('abort', abort, { once: true });
    waiters.push(waiter);
    return promise;
  };

  return {
    async take(signal) {
      signal.throwIfAborted();
      // Nobody overtakes a caller that waits.
      const entry = waiters.length === 0 ? next() : undefined;
      const result = entry === undefined ? wait(signal) : reserved(entry);
      refill();
      return result;
    },
    clear() {
      stock = [];
    },
  };
}
