/** Background work that starts again after failures. */
import { backoffMs } from './backoff.ts';

const RESTART = { baseMs: 200, capMs: 5_000 };

/** Pause before work starts again, in ms. @param failures in a row, from 0 */
export function restartDelay(failures: number): number {
  return backoffMs(RESTART, failures);
}

/** Waits for `ms`, or until the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || ms <= 0) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Work that goes on until it is stopped. */
export interface Loop {
  /** Resolves once it has ended. */
  stop(): Promise<void>;
}

/** @param run ends soon after the signal aborts, and does not reject */
export function startLoop(run: (signal: AbortSignal) => Promise<void>): Loop {
  const stopping = new AbortController();
  const running = run(stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
