/** How an unreadable 200 is treated: at first as the answer of a proxy, in the end as a success. */

/** Answers that are not believed yet. */
const DOUBTED = 2;
/** Of so many keys it is known how often they were asked with; of older ones the count starts anew, which is safe. */
const MAX_KEYS = 10_000;

export interface UnreadableAnswers {
  /** Counts one. @returns whether it is to be believed */
  isBelieved(key: string): boolean;
}

/** By idempotency key, in memory: a process that doesn't know of earlier ones asks more often, with the same key. */
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
