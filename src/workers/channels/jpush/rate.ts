/** What JPush announces of its rate: one window of a minute per appKey (`docs/jpush.md §4`). */
import type { RateState } from '../channel.ts';

type Header = (name: string) => string | undefined;

/** JPush's window: the longest that one can be told to wait honestly. */
const WINDOW_MS = 60_000;
/** A header beyond this is nonsense; nobody is held up by it for longer. */
const MAX_WAIT_MS = 10 * WINDOW_MS;
/** Two announced ends of one window differ by less than this: seconds are rounded up, and each answer took its time. */
const SAME_WINDOW_MS = WINDOW_MS / 4;
/** A reset of 0 means "just now"; asking again at once would only be refused again. */
const MIN_WAIT_MS = 1000;

/**
 * How long to wait after a 429 or a 1012: the reset header, else Retry-After (seconds or a date).
 * @returns nothing if neither says so
 */
export function retryAfterMs(header: Header, now: number): number | undefined {
  const told = numberOf(header('x-rate-limit-reset')) ?? numberOf(header('retry-after'));
  const wait = told === undefined ? untilDate(header('retry-after'), now) : told * 1000;
  return wait === undefined ? undefined : Math.min(Math.max(wait, MIN_WAIT_MS), MAX_WAIT_MS);
}

/** Waits of an app that is refused for its rate and not told for how long: 1 s, 2 s, 4 s … up to a whole window. */
export interface GrowingWait {
  /** ms from now. An answer that comes while a wait lasts is one to a call from before it, and lengthens nothing. */
  next(now: number): number;
  /** A call got through. */
  reset(): void;
  /** Until then it isn't known whether the wait was long enough: one call at a time, for whoever looks, finds out. */
  trial(now: number): RateState | undefined;
}

export function growingWait(): GrowingWait {
  let wait = 0;
  let endsAt = Number.NEGATIVE_INFINITY;
  return {
    next(now) {
      const left = endsAt - now;
      if (left > 0 && left <= wait) return left;
      wait = Math.min(Math.max(2 * wait, MIN_WAIT_MS), WINDOW_MS);
      endsAt = now + wait;
      return wait;
    },
    reset() {
      wait = 0;
    },
    trial: (now) => (wait === 0 ? undefined : { remaining: 1, resetsAt: now + MIN_WAIT_MS }),
  };
}

/** The state of the window, if the headers tell both what is left and until when. */
export function rateOf(header: Header, now: number): RateState | undefined {
  const remaining = numberOf(header('x-rate-limit-remaining'));
  const reset = numberOf(header('x-rate-limit-reset'));
  if (remaining === undefined || reset === undefined) return undefined;
  return { remaining: Math.floor(remaining), resetsAt: now + Math.min(reset * 1000, MAX_WAIT_MS) };
}

/**
 * What is known once an answer has announced its rate. Answers to calls that ran at once can arrive in any order: while a
 * window lasts, what is left in it only becomes less.
 */
export function rateAfter(
  known: RateState | undefined,
  announced: RateState | undefined,
  now: number,
): RateState | undefined {
  if (known === undefined || announced === undefined) return announced ?? known;
  const isSameWindow = known.resetsAt > now && Math.abs(known.resetsAt - announced.resetsAt) < SAME_WINDOW_MS;
  return isSameWindow
    ? {
        remaining: Math.min(known.remaining, announced.remaining),
        resetsAt: Math.min(known.resetsAt, announced.resetsAt),
      }
    : announced;
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,12}(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

/** An HTTP date begins with its weekday; `Date.parse` would take much else for one, `-1` say. */
function untilDate(value: string | undefined, now: number): number | undefined {
  const at = /^\s*[A-Z][a-z]+, /.test(value ?? '') ? Date.parse(value ?? '') : Number.NaN;
  return Number.isNaN(at) ? undefined : at - now;
}
