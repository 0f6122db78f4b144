/** The pause before another try: a command after a conflict, a subscription, a job. */
import type { Backoff } from '../jobs.ts';

/**
 * Doubles with the failures in a row up to a cap, with a random half taken off, so that callers that failed together do
 * not come again together.
 * @param failures in a row before the first that counts: 0 gives `baseMs`
 * @param random a number in [0, 1)
 */
export function backoffMs({ baseMs, capMs }: Backoff, failures: number, random = Math.random()): number {
  const full = Math.min(capMs, baseMs * 2 ** failures);
  return full / 2 + (random * full) / 2;
}
