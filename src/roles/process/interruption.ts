/** For a command that makes files: when a signal ends it, the unfinished files are removed first. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** @param undo runs when the process is about to end by a signal; it must not wait for anything */
export function onInterruption(undo: () => void): { over(): void } {
  const onSignal = (signal: NodeJS.Signals): void => {
    over();
    undo();
    // Ends as the signal would have ended it, so that the shell knows.
    process.kill(process.pid, signal);
  };
  const over = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { over };
}
