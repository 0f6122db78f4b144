/** The rate that JPush announces: one window of a minute per appKey (`docs/jpush.md §4`). */

type Header = (name: string) => string | undefined;

/** JPush's window, and so the longest wait that it has a reason to ask for. */
const WINDOW_MS = 60_000;
/** A header that asks for more than this is nonsense, and no call waits longer. */
const MAX_WAIT_MS = 10 * WINDOW_MS;
/** Two announced ends of one window differ by less than this: seconds are rounded up, and each answer took its time. */
const SAME_WINDOW_MS = WINDOW_MS / 4;
/** A reset of 0 means "just now", and a call made at once would be refused again. */
const MIN_WAIT_MS = 1000;

/** The rest of JPush's window. Like all times in this file but dates in headers, its end is monotonic. */
export interface RateWindow {
  readonly remaining: number;
  /** ms of the monotonic clock. */
  readonly endsAt: number;
}

/**
 * How long to wait after a 429 or a 1012: the reset header, else Retry-After (seconds or a date).
 * @param now ms since 1970, to compare a date with
 * @returns ms; nothing if neither header says so
 */
export function retryAfterMs(header: Header, now: number): number | undefined {
  const told = numberOf(header('x-rate-limit-reset')) ?? numberOf(header('retry-after'));
  const wait = told === undefined ? untilDate(header('retry-after'), now) : told * 1000;
  return wait === undefined ? undefined : Math.min(Math.max(wait, MIN_WAIT_MS), MAX_WAIT_MS);
}

/** Waits after refusals for the rate that do not say how long to wait: 1 s, 2 s, 4 s … up to a whole window. */
export interface GrowingWait {
  /** ms from now. An answer that arrives during a wait belongs to a call from before it, so it lengthens nothing. */
  next(now: number): number;
  /** To be called when a call got through. */
  reset(): void;
  /** While it isn't known whether the wait was long enough: allows one call at a time, which finds out. */
  trial(now: number): RateWindow | undefined;
}

export function growingWait(): GrowingWait {
  let wait = 0;
  let endsAt = Number.NEGATIVE_INFINITY;
  return {
    next(now) {
      const left = endsAt - now;
      if (left > 0) return left;
      wait = Math.min(Math.max(2 * wait, MIN_WAIT_MS), WINDOW_MS);
      endsAt = now + wait;
      return wait;
    },
    reset() {
      wait = 0;
      endsAt = Number.NEGATIVE_INFINITY;
    },
    trial: (now) => (wait === 0 ? undefined : { remaining: 1, endsAt: now + MIN_WAIT_MS }),
  };
}

/** The state of the window, if the headers have both the remaining calls and its end. */
export function rateOf(header: Header, now: number): RateWindow | undefined {
  const remaining = numberOf(header('x-rate-limit-remaining'));
  const reset = numberOf(header('x-rate-limit-reset'));
  if (remaining === undefined || reset === undefined) return undefined;
  return { remaining: Math.floor(remaining), endsAt: now + Math.min(reset * 1000, MAX_WAIT_MS) };
}

/**
 * The rate after an answer has announced one. Answers to calls that ran at once can arrive in any order: while a
 * window lasts, the remaining calls only become fewer.
 */
export function rateAfter(
  known: RateWindow | undefined,
  announced: RateWindow | undefined,
  now: number,
): RateWindow | undefined {
  if (known === undefined || announced === undefined) return announced ?? known;
  const isSameWindow = known.endsAt > now && Math.abs(known.endsAt - announced.endsAt) < SAME_WINDOW_MS;
  return isSameWindow
    ? {
        remaining: Math.min(known.remaining, announced.remaining),
        endsAt: Math.min(known.endsAt, announced.endsAt),
      }
    : announced;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,12}(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

/** An HTTP date begins with its weekday; `Date.parse` would also take `-1` and the like for a date. */
function untilDate(value: string | undefined, now: number): number | undefined {
  const at = /^\s*[A-Z][a-z]+, /.test(value ?? '') ? Date.parse(value ?? '') : Number.NaN;
  return Number.isNaN(at) ? undefined : at - now;
}
