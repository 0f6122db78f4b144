/**
 * One lane a channel and app: its own queue, concurrency, rate and circuit breaker, so that a provider or tenant that
 * hangs holds up nobody else (`design.md §Delivery`).
 */
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhenResult } from 'cockatiel';
import { PauseQueue } from '../ports/jobs.ts';
import type { CallFailure, Channel, RateState } from './channels/channel.ts';

/** Jobs of one lane that may be under way at once; most of the time each waits for a commit. The channel bounds its calls. */
export const LANE_CONCURRENCY = 128;
/** Failures in a row that open the circuit. */
const FAILURES_TO_OPEN = 5;
/** Tried again this long after it opened; the contract of the house is 5 s at most. */
const OPEN_MS = 2_000;
/** No longer than this at once, whatever a provider asks for: it may be well again earlier, or lie. */
const MAX_PAUSE_MS = 120_000;

type Result = { readonly type: string };

export interface Lane {
  /**
   * Makes a call if rate and circuit allow it.
   * @throws PauseQueue when they don't, or when the provider asks to wait
   */
  call<R extends Result>(make: () => Promise<R | CallFailure>): Promise<R | Exclude<CallFailure, { type: 'deferred' }>>;
}

export function lane(channel: Channel, appPackage: string, now: () => number, onOpen: () => void): Lane {
  const breaker = circuitBreaker(
    handleWhenResult((result) => isFailure(result as Result)),
    { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
  );
  breaker.onBreak(onOpen);
  let underWay = 0;

  const checkRate = (rate: RateState | undefined): void => {
    if (rate === undefined || rate.remaining > underWay) return;
    const wait = rate.resetsAt - now();
    if (wait > 0) throw new PauseQueue('the rate of the provider is used up', Math.min(wait, MAX_PAUSE_MS));
  };

  return {
    async call<R extends Result>(make: () => Promise<R | CallFailure>) {
      checkRate(channel.rate(appPackage));
      underWay += 1;
      try {
        const result = await breaker.execute(make);
        if (result.type !== 'deferred') return result as R | Exclude<CallFailure, { type: 'deferred' }>;
        const { reason, retryAfterMs } = result as Extract<CallFailure, { type: 'deferred' }>;
        throw new PauseQueue(reason, Math.min(Math.max(retryAfterMs, 100), MAX_PAUSE_MS));
      } catch (error) {
        // The breaker itself knows when it is time to let a call try again.
        if (error instanceof BrokenCircuitError) throw new PauseQueue('the circuit is open', OPEN_MS);
        throw error;
      } finally {
        underWay -= 1;
      }
    },
  };
}

function isFailure({ type }: Result): boolean {
  return type === 'failed' || type === 'denied';
}
