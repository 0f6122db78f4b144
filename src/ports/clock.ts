/** Time as it is, or as a test wants it. */
export interface Clock {
  /** Wall clock, in ms since 1970: names times of day. It can be set back, so it measures no duration. */
  now(): number;
}

/** Measures durations: it never steps back, whatever happens to the wall clock. */
export interface MonotonicClock {
  /** ms since an arbitrary moment. */
  elapsed(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

export const systemMonotonic: MonotonicClock = { elapsed: () => performance.now() };
