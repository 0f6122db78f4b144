/**
 * Each channel and app has a lane: its own queue, concurrency, rate and circuit breaker. So a provider or tenant that
 * hangs holds up no other (`docs/architecture.md §Delivery`).
 */
import { assertNever } from '../../domain/decider.ts';
import { PauseQueue } from '../../ports/jobs.ts';
import type { CallFailure, Channel, KeyResult, RateState, SendResult } from '../channels/channel.ts';
import { circuit, type Denial, type Pass, type Waited } from './circuit.ts';

/**
 * Jobs of one lane that may be under way at once; most of the time each waits for a commit. The channel bounds its
 * calls.
 */
export const LANE_CONCURRENCY = 128;
/** The longest single pause, even if a provider asks for more: it may recover earlier, or be wrong. */
const MAX_PAUSE_MS = 120_000;
const MIN_PAUSE_MS = 100;

type Deferral = Extract<CallFailure, { type: 'deferred' }>;

/** A job's turn to call the provider, for one try. */
export interface Turn {
  readonly type: 'turn';
  /**
   * Asks for a key. Getting one does not prove that the provider takes messages, since it may have been fetched long
   * before. Getting none counts as a failure.
   * @throws PauseQueue when the rate is used up, or the provider asks to wait
   */
  reserve(make: () => Promise<KeyResult>): Promise<Exclude<KeyResult, Deferral>>;
  /** Makes a call. A provider that refuses one message still works. @throws PauseQueue likewise */
  send(make: () => Promise<SendResult>): Promise<Exclude<SendResult, Deferral>>;
  /** Must be called at the end. */
  leave(): void;
}

export interface Lane {
  /**
   * @param insists the caller asks the provider even if it has just refused us
   * @returns the refusal instead of a turn while the provider refuses all our calls; `waited` after some time, when the
   * job should ask again with fresh facts
   * @throws PauseQueue while the circuit is open for another reason
   */
  enter(insists: boolean): Promise<Turn | Denial | Waited>;
}

/** Events that an operator would ask about. Each is reported once. */
export interface LaneEvents {
  readonly onOpen?: () => void;
  readonly onClose?: () => void;
  /** The provider asks to wait, or its rate is used up. Not reported again before that time is over. */
  readonly onWait?: (reason: string, ms: number) => void;
}

export function lane(channel: Channel, appPackage: string, { onOpen, onClose, onWait }: LaneEvents = {}): Lane {
  const breaker = circuit({ onOpen, onClose });
  /** Failures to get a key that were counted; all callers that waited for one answer get the same object. */
  const counted = new WeakSet<KeyResult>();
  let underWay = 0;

  const checkRate = (rate: RateState | undefined): void => {
    if (rate === undefined || rate.remaining > underWay) return;
    if (rate.resetsInMs > 0) throw pause('the rate of the provider is used up', rate.resetsInMs);
  };

  /** By the monotonic clock. */
  let waitToldUntil = Number.NEGATIVE_INFINITY;
  const pause = (reason: string, askedMs: number): PauseQueue => {
    const ms = Math.min(Math.max(askedMs, MIN_PAUSE_MS), MAX_PAUSE_MS);
    const now = performance.now();
    if (now >= waitToldUntil) onWait?.(reason, ms);
    waitToldUntil = Math.max(waitToldUntil, now + ms);
    return new PauseQueue(reason, ms);
  };

  const call = async <R>(make: () => Promise<R>): Promise<R> => {
    checkRate(channel.rate(appPackage));
    underWay += 1;
    try {
      return await make();
    } finally {
      underWay -= 1;
    }
  };

  const turn = (pass: Pass): Turn => ({
    type: 'turn',
    async reserve(make) {
      const result = await call(make);
      if (result.type === 'reserved') return result;
      if (result.type === 'deferred') throw pause(result.reason, result.retryAfterMs);
      pass.failed(denialOf(result), !counted.has(result));
      counted.add(result);
      return result;
    },
    async send(make) {
      const result = await call(make);
      if (isFailure(result)) pass.failed(denialOf(result), true);
      else pass.worked();
      if (result.type === 'deferred') throw pause(result.reason, result.retryAfterMs);
      return result;
    },
    leave: pass.leave,
  });

  return {
    async enter(insists) {
      const admission = await breaker.admit(insists);
      switch (admission.type) {
        case 'pass':
          return turn(admission);
        case 'waited':
          return admission;
        case 'denied':
          return admission.denial;
        case 'open':
          throw new PauseQueue('the circuit is open', admission.retryInMs);
        default:
          return assertNever(admission);
      }
    },
  };
}

function isFailure({ type }: SendResult): boolean {
  return type === 'failed' || type === 'denied' || type === 'unreadable';
}

function denialOf(result: KeyResult | SendResult): Denial | undefined {
  return result.type === 'denied' ? result : undefined;
}
