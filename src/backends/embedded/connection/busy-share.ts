/** Measures how busy this thread is, by its event loop. */
import { performance } from 'node:perf_hooks';

/** Span of a report, in ms: long enough for many turns, short enough to follow the load. */
const SPAN_MS = 20;

/**
 * @returns a function that gives, once in each span, the share of time that the thread was busy (0 to 1), else
 * `undefined`
 */
export function busyShare(): () => number | undefined {
  let last = performance.eventLoopUtilization();
  let lastAt = performance.now();
  return () => {
    const at = performance.now();
    if (at - lastAt < SPAN_MS) return undefined;
    const { utilization } = performance.eventLoopUtilization(last);
    last = performance.eventLoopUtilization();
    lastAt = at;
    return utilization;
  };
}
