/** What JPush announces of its rate: one window of a minute per appKey (`jpush.md §4`). */
import type { RateState } from '../channel.ts';

type Header = (name: string) => string | undefined;

/** JPush's window: the longest that one can be told to wait honestly, and the wait when nothing is said. */
const WINDOW_MS = 60_000;
/** A header beyond this is nonsense; nobody is held up by it for longer. */
const MAX_WAIT_MS = 10 * WINDOW_MS;
/** A reset of 0 means "just now"; asking again at once would only be refused again. */
const MIN_WAIT_MS = 1000;

/** How long to wait after a 429 or a 1012: the reset header, else Retry-After (seconds or a date), else a window. */
export function retryAfterMs(header: Header, now: number): number {
  const told = numberOf(header('x-rate-limit-reset')) ?? numberOf(header('retry-after'));
  const wait = told === undefined ? untilDate(header('retry-after'), now) : told * 1000;
  return Math.min(Math.max(wait ?? WINDOW_MS, MIN_WAIT_MS), MAX_WAIT_MS);
}

/** The state of the window, if the headers tell both what is left and until when. */
export function rateOf(header: Header, now: number): RateState | undefined {
  const remaining = numberOf(header('x-rate-limit-remaining'));
  const reset = numberOf(header('x-rate-limit-reset'));
  if (remaining === undefined || reset === undefined) return undefined;
  return { remaining: Math.floor(remaining), resetsAt: now + Math.min(reset * 1000, MAX_WAIT_MS) };
}

function numberOf(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,12}(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

function untilDate(value: string | undefined, now: number): number | undefined {
  const at = Date.parse(value ?? '');
  return Number.isNaN(at) ? undefined : at - now;
}
