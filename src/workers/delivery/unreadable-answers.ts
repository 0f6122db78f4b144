/** Decides how an unreadable 200 counts: at first as the answer of a proxy, in the end as a success. */

/** Unreadable answers for one key that are not believed yet. */
const DOUBTED = 2;
/** Number of keys with a count. For older keys the count starts again from 0, which is safe. */
const MAX_KEYS = 10_000;

export interface UnreadableAnswers {
  /** Counts one unreadable answer. @returns whether it counts as a success */
  isBelieved(key: string): boolean;
}

/** Counts by idempotency key, in memory. A process without an earlier count only asks more often, with the same key. */
export function unreadableAnswers(maxKeys = MAX_KEYS): UnreadableAnswers {
  const seen = new Map<string, number>();
  return {
    isBelieved(key) {
      const count = (seen.get(key) ?? 0) + 1;
      seen.delete(key);
      seen.set(key, count);
      for (const oldest of seen.keys()) {
        if (seen.size <= maxKeys) break;
        seen.delete(oldest);
      }
      return count > DOUBTED;
    },
  };
}
