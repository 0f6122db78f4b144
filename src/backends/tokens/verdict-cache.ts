/** Remembers tokens that were found good: a token comes with every request, and checking one is dear. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../ports/clock.ts';
import type { TokenVerdict } from '../../ports/token-verifier.ts';
import type { Reading } from './claims.ts';

const MAX_ENTRIES = 50_000;
/** Of all keys together; a token may have 8192. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

interface Entry {
  /** Settled, so that a hit makes nothing new. */
  readonly verdict: Promise<TokenVerdict>;
  /** ms since 1970: from then on the token is checked afresh. */
  readonly until: number;
}

export interface VerdictCache {
  get(key: string): Promise<TokenVerdict> | undefined;
  /** Keeps a verified reading until the token expires, at most the cache's `maxAgeMs`. Passes the verdict on. */
  keep(key: string, reading: Reading): TokenVerdict;
}

export function verdictCache(clock: Clock, maxAgeMs: number): VerdictCache {
  const entries = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, key) => key.length,
  });
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (clock.now() < entry.until) return entry.verdict;
      entries.delete(key);
      return undefined;
    },
    keep(key, { verdict, expiresAt = Number.POSITIVE_INFINITY }) {
      if (verdict.type === 'verified') {
        entries.set(key, { verdict: Promise.resolve(verdict), until: Math.min(expiresAt, clock.now() + maxAgeMs) });
      }
      return verdict;
    },
  };
}
