/**
 * Whether a lane's provider may be called. Only its answers and its silence count: a call that did not reach it
 * proves nothing about it.
 */
import type { CallFailure } from '../channels/channel.ts';

/** Failures in a row that open the circuit. */
const FAILURES_TO_OPEN = 5;
/**
 * After this many refusals of us in a row all waiting jobs count as refused. So one page of a proxy can't make dead
 * letters of a whole queue.
 */
const DENIALS_TO_STAND = 5;
/** ms after which an open circuit allows a probe. Our own limit is 5 s (`docs/architecture.md §Delivery`). */
const OPEN_MS = 2_000;

export type Denial = Extract<CallFailure, { type: 'denied' }>;

/**
 * Permission to call the provider. While the circuit is open there is one at a time, the probe; other callers wait for
 * it.
 */
export interface Pass {
  readonly type: 'pass';
  /** The provider works: the circuit closes. */
  worked(): void;
  /**
   * @param denial its refusal, if it refuses us
   * @param isNew false if another caller has reported this very answer: it counts once
   */
  failed(denial: Denial | undefined, isNew: boolean): void;
  /** Must be called at the end. A probe that has learnt nothing then makes way for the next. */
  leave(): void;
}

/** The caller has waited for a probe, which is over and did not fail. */
export interface Waited {
  readonly type: 'waited';
}

export type Admission =
  | Pass
  | Waited
  | { readonly type: 'open'; readonly retryInMs: number }
  /** The provider refuses all our calls. `denial` is its last refusal. */
  | { readonly type: 'denied'; readonly denial: Denial };

export interface Circuit {
  /**
   * Asks to call the provider. Waits for a probe that is under way.
   * @param insists the caller does not accept an earlier refusal, and becomes the probe at once if there is none
   */
  admit(insists: boolean): Promise<Admission>;
}

interface Probe {
  /** Resolves with whether the probe failed. Resolves earlier if another call closes the circuit. */
  readonly over: Promise<boolean>;
  end(failed: boolean): void;
}

export interface CircuitEvents {
  /** Called when the circuit opens, and not again before it has closed. */
  readonly onOpen?: (() => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

export function circuit({ onOpen, onClose }: CircuitEvents): Circuit {
  let failuresInRow = 0;
  let denialsInRow = 0;
  let lastDenial: Denial | undefined;
  /** Time of the next probe, by the monotonic clock; absent while the circuit is closed. */
  let retryAt: number | undefined;
  let probe: Probe | undefined;
  const msUntilRetry = (): number => (retryAt ?? 0) - performance.now();

  const worked = (): void => {
    failuresInRow = 0;
    denialsInRow = 0;
    if (retryAt === undefined) return;
    retryAt = undefined;
    probe?.end(false);
    onClose?.();
  };

  const count = (denial: Denial | undefined): void => {
    failuresInRow += 1;
    denialsInRow = denial === undefined ? 0 : denialsInRow + 1;
    lastDenial = denial;
    if (retryAt !== undefined || failuresInRow < FAILURES_TO_OPEN) return;
    retryAt = performance.now() + OPEN_MS;
    onOpen?.();
  };

  const pass: Pass = {
    type: 'pass',
    worked,
    failed: (denial, isNew) => isNew && count(denial),
    leave: () => undefined,
  };

  const startProbe = (): Pass => {
    const { promise: over, resolve } = Promise.withResolvers<boolean>();
    const mine: Probe = {
      over,
      end(failed) {
        if (probe === mine) probe = undefined;
        resolve(failed);
      },
    };
    probe = mine;
    return {
      type: 'pass',
      worked,
      failed(denial, isNew) {
        pass.failed(denial, isNew);
        // A call from before the circuit opened may have closed it meanwhile.
        if (retryAt !== undefined) retryAt = performance.now() + OPEN_MS;
        mine.end(true);
      },
      leave: () => mine.end(false),
    };
  };

  const refusal = (): Admission =>
    lastDenial !== undefined && denialsInRow >= DENIALS_TO_STAND
      ? { type: 'denied', denial: lastDenial }
      : { type: 'open', retryInMs: Math.max(1, msUntilRetry()) };

  return {
    async admit(insists) {
      if (retryAt === undefined) return pass;
      if (probe !== undefined) {
        const failed = await probe.over;
        // The answer to the probe is as fresh as the answer to an own call would be.
        return failed && msUntilRetry() > 0 ? refusal() : { type: 'waited' };
      }
      const refused = refusal();
      return msUntilRetry() <= 0 || (insists && refused.type === 'denied') ? startProbe() : refused;
    },
  };
}
