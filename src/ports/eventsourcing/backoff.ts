/** The pause before another try: a command after a conflict, a subscription, a job. */
import type { Backoff } from '../jobs.ts';

/**
 * Doubles with each failure in a row up to a cap, minus a random part of up to one half. So callers that failed
 * together do not retry together.
 * @param failures earlier failures in a row: 0 gives `baseMs`
 * @param random a number in [0, 1)
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, random = Math.random()): number {
  const full = Math.min(capMs, baseMs * 2 ** failures);
  return full / 2 + (random * full) / 2;
}
