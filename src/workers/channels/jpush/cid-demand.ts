/** How many cids to ask for at once, learned from how fast they go and from how many the account's tier gives. */

/** The most cids that the free tier gives at once, and that VIP gives (`docs/jpush.md §5`). */
const FIRST_COUNT = 10;
const MAX_COUNT = 1000;
/** A batch that was used up sooner than this was too small. */
const SHORT_LIVED_MS = 10_000;

export interface FetchSize {
  /** How many to ask for. @param waiting callers for whom no fetch runs @param now by the monotonic clock */
  next(waiting: number, now: number): number;
  /** How many of those asked for will probably come. */
  likely(asked: number): number;
  /** More are fetched ahead of need once fewer than this are left. */
  lowWater(): number;
  given(asked: number, count: number): void;
  failed(): void;
}

export function fetchSize(): FetchSize {
  let count = FIRST_COUNT;
  let tier = Number.POSITIVE_INFINITY;
  let lastAt = Number.NEGATIVE_INFINITY;
  return {
    next(waiting, now) {
      if (now - lastAt < SHORT_LIVED_MS && count <= tier) count = Math.min(count * 4, MAX_COUNT);
      // The very first fetch shows the limit of the tier.
      else if (now - lastAt >= SHORT_LIVED_MS) count = FIRST_COUNT;
      lastAt = now;
      return Math.min(Math.max(count, waiting), MAX_COUNT);
    },
    likely: (asked) => Math.min(asked, tier),
    lowWater: () => Math.min(count, tier) / 4,
    given(asked, given) {
      tier = given < asked ? Math.max(given, 1) : Number.POSITIVE_INFINITY;
    },
    failed() {
      count = FIRST_COUNT;
    },
  };
}
