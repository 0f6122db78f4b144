/**
 * Computes how many requests may be at work at once: a limit that follows the latency it causes
 * (`docs/decisions/0034`). Pure functions, one step for each window of time.
 */

/** Length of a window, in ms. */
export const WINDOW_MS = 25;
export const MAX_LIMIT = 512;
/** The limit never falls below this, however slow the requests are. */
const MIN_LIMIT = 8;
/**
 * While fewer requests than this, and than half of the limit, are at work, a lower limit would not make them faster.
 */
const MANY = 128;
/** The latency, in ms, below which accepted requests should stay. */
const TARGET_MS = 45;
/**
 * A store that is slow by itself raises the target to this multiple of its latency: a request may have to wait for the
 * rest of one commit and for the whole next one.
 */
const CALM_FACTOR = 2.5;
const MAX_TARGET_MS = 500;
/** In one window the limit falls to no less than this part of its value. */
const MAX_CUT = 0.7;
const STEP_UP = 4;
/**
 * The part of a slow store's latency that is remembered after each window: a limit that it raised falls after some
 * seconds.
 */
const CALM_DECAY = 0.998;
const CALM_WEIGHT = 0.1;

export interface Window {
  /** Longest time that a request has been at work, finished or not, in ms; 0 without any. */
  readonly worstMs: number;
  /** How late the event loop was, in ms. */
  readonly lateMs: number;
  /** Shortest time of a request that was finished while few were at work, in ms. */
  readonly calmMs: number | undefined;
  /** Most requests that were at work at once. */
  readonly peak: number;
}

export interface Limit {
  readonly limit: number;
  /** The time of a request when few are at work, in ms: the part of the latency that no limit reduces. */
  readonly calmMs: number;
}

export const initialLimit: Limit = { limit: MAX_LIMIT, calmMs: 0 };

/** Whether so few requests are at work that a latency is that of a single request. */
export function isCalm(atWork: number): boolean {
  return atWork <= MIN_LIMIT;
}

/** The limit for the next window. It falls only if enough requests run: a slow machine is no overload. */
export function nextLimit({ limit, calmMs: known }: Limit, { worstMs, lateMs, calmMs: seen, peak }: Window): Limit {
  const calmMs = nextCalm(known, seen);
  const targetMs = Math.min(MAX_TARGET_MS, Math.max(TARGET_MS, CALM_FACTOR * calmMs));
  const delayMs = worstMs + lateMs;
  if (delayMs <= targetMs) return { limit: Math.min(MAX_LIMIT, limit + STEP_UP), calmMs };
  if (peak < Math.min(MANY, limit / 2)) return { limit, calmMs };
  return { limit: Math.max(MIN_LIMIT, Math.floor(limit * Math.max(MAX_CUT, targetMs / delayMs))), calmMs };
}

function nextCalm(known: number, seen: number | undefined): number {
  if (seen === undefined) return known * CALM_DECAY;
  return seen < known ? seen : known + CALM_WEIGHT * (seen - known);
}
