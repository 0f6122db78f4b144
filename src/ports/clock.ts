/** The present time, real or set by a test. */
export interface Clock {
  /** Wall clock, in ms since 1970: names times of day. It can be set back, so it measures no duration. */
  now(): number;
}

/** Measures durations: it never steps back, even if the wall clock does. */
export interface MonotonicClock {
  /** ms since an arbitrary moment. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemMonotonic: MonotonicClock = { elapsed: () => performance.now() };
