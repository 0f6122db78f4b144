/** The keys of a JWKS endpoint: fetched when needed, kept while they are fresh, used on when the endpoint is away. */
import type { MonotonicClock } from '../../ports/clock.ts';
import { DeadlineExceeded } from '../../ports/errors.ts';
import { endpoint } from './endpoint.ts';
import { type KeySet, keySet } from './key-set.ts';

/** How long keys are used before the endpoint is asked again. */
const FRESH_MS = 300_000;
/** After a failed refresh the old keys serve on for this long before the next try. */
const RETRY_MS = 30_000;
/** Anybody can send tokens that no key fits, so they cause at most this many fetches in a row, then one each `REFILL_MS`. */
const BURST = 3;
const REFILL_MS = 5_000;

export interface JwksKeys {
  /** @returns the keys, and whether the endpoint was asked for them just now. @throws DeadlineExceeded if there are none */
  current(): Promise<{ readonly keys: KeySet; readonly asked: boolean }>;
  /**
   * @param asked whether `current` has just asked the endpoint
   * @returns keys fetched now; `undefined` when the endpoint was asked just now or too often lately
   * @throws DeadlineExceeded if the endpoint is away
   */
  newer(asked: boolean): Promise<KeySet | undefined>;
  close(): Promise<void>;
}

export function jwksKeys(url: string, algorithms: string[], monotonic: MonotonicClock): JwksKeys {
  const server = endpoint(url);
  const mayAsk = allowance(monotonic);
  let keys: KeySet | undefined;
  let freshUntil = Number.NEGATIVE_INFINITY;
  let failed = false;
  let fetching: Promise<KeySet> | undefined;

  async function fetchKeys(): Promise<KeySet> {
    try {
      keys = parseKeys(await server.ask({ method: 'GET', headers: { accept: 'application/json' } }), algorithms);
      freshUntil = monotonic.elapsed() + FRESH_MS;
      failed = false;
      return keys;
    } catch (error) {
      freshUntil = monotonic.elapsed() + RETRY_MS;
      failed = true;
      throw error;
    } finally {
      fetching = undefined;
    }
  }
  function fetchOnce(): Promise<KeySet> {
    fetching ??= fetchKeys();
    return fetching;
  }

  return {
    async current() {
      if (keys === undefined) return { keys: await fetchOnce(), asked: true };
      const old = keys;
      if (monotonic.elapsed() < freshUntil) return { keys: old, asked: false };
      return { keys: await fetchOnce().catch(() => old), asked: true };
    },
    async newer(asked) {
      if (!asked && (fetching !== undefined || mayAsk())) return fetchOnce();
      if (failed) throw new DeadlineExceeded('the key set endpoint was away a moment ago');
      return undefined;
    },
    close: () => server.close(),
  };
}

/** @throws DeadlineExceeded */
function parseKeys(json: unknown, algorithms: string[]): KeySet {
  try {
    return keySet(json, algorithms);
  } catch (cause) {
    throw new DeadlineExceeded('the key set endpoint gives no key set', { cause });
  }
}

/** A token bucket. @returns whether one more is allowed now */
function allowance(monotonic: MonotonicClock): () => boolean {
  let left = BURST;
  let filledAt = monotonic.elapsed();
  return () => {
    const now = monotonic.elapsed();
    left = Math.min(BURST, left + Math.max(0, now - filledAt) / REFILL_MS);
    filledAt = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}
