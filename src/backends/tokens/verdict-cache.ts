/** Remembers good tokens: a token comes with every request, and checking its signature is expensive. */
import { LRUCache } from 'lru-cache';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { TokenVerdict } from '../../ports/token-verifier.ts';
import type { Reading } from './claims.ts';

const MAX_ENTRIES = 50_000;
/** Of all cache keys together; one token may have 8192. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

interface Entry {
  /** An already resolved promise, so that a hit allocates nothing. */
  readonly verdict: Promise<TokenVerdict>;
  /** The token's own `exp`, in ms since 1970. */
  readonly expiresAt: number;
  /** When the verdict was made, in ms of the monotonic clock. */
  readonly madeAt: number;
}

export interface VerdictCache {
  get(key: string): Promise<TokenVerdict> | undefined;
  /** Keeps a verified reading until the token expires, at most the cache's `maxAgeMs`. Passes the verdict on. */
  keep(key: string, reading: Reading): TokenVerdict;
}

/**
 * @param clock for `exp`, which is a time of day
 * @param monotonic for the age of a verdict: a wall clock that is set back must not prolong the trust in a revoked token
 */
export function verdictCache(clock: Clock, monotonic: MonotonicClock, maxAgeMs: number): VerdictCache {
  const entries = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, key) => key.length,
  });
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const age = monotonic.elapsed() - entry.madeAt;
      if (age < maxAgeMs && clock.now() < entry.expiresAt) return entry.verdict;
      entries.delete(key);
      return undefined;
    },
    keep(key, { verdict, expiresAt = Number.POSITIVE_INFINITY }) {
      if (verdict.type === 'verified') {
        entries.set(key, { verdict: Promise.resolve(verdict), expiresAt, madeAt: monotonic.elapsed() });
      }
      return verdict;
    },
  };
}
