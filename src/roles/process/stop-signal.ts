/**
 * SIGTERM, SIGINT and SIGHUP (the terminal was closed) ask to stop. Supervisors repeat SIGTERM, so another one changes
 * nothing. Ctrl-C pressed again a while after ends the process at once.
 */
import { exitCodes } from '../../cli/exit-codes.ts';

export interface StopSignal {
  /** The first of the signals. */
  readonly asked: Promise<NodeJS.Signals>;
}

/** Ctrl-C reaches both the service and npm, which passes it on. Two signals within this time, in ms, count as one. */
const SAME_WITHIN_MS = 1_000;

/** From this call on, none of these signals ends the process by itself. */
export function stopSignal(sameWithinMs = SAME_WITHIN_MS): StopSignal {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const insists = askedAt !== undefined && performance.now() - askedAt >= sameWithinMs;
    if (signal === 'SIGINT' && insists) process.exit(exitCodes.interrupted);
    askedAt ??= performance.now();
    resolve(signal);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  // A Node that ends by itself stops handling signals a while before it is gone; one that is made to exit does not.
  process.once('beforeExit', () => process.exit());
  return { asked: promise };
}
