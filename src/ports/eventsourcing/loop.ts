/** How subscriptions come back after a failure. */
const BASE_MS = 200;
const CAP_MS = 5_000;

/** Grows with the failures in a row, up to 5 s, with jitter. */
export function restartDelay(failures: number): number {
  const full = Math.min(CAP_MS, BASE_MS * 2 ** failures);
  return full / 2 + (Math.random() * full) / 2;
}

/** Waits, or less if the signal aborts. */
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
