/**
 * SIGTERM and SIGINT ask to stop. Supervisors repeat SIGTERM, so another one changes nothing; whoever presses Ctrl-C again
 * a while after insists, and the process ends at once.
 */
import { exitCodes } from '../../cli/exit-codes.ts';

export interface StopSignal {
  /** The first of them. */
  readonly asked: Promise<NodeJS.Signals>;
}

/** Ctrl-C reaches the service and npm, which passes it on: what comes this close is the same wish. */
const SAME_WITHIN_MS = 1_000;

/** From now on, until the process ends, neither signal ends it by itself. */
export function stopSignal(sameWithinMs = SAME_WITHIN_MS): StopSignal {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const insists = askedAt !== undefined && performance.now() - askedAt >= sameWithinMs;
    if (signal === 'SIGINT' && insists) process.exit(exitCodes.interrupted);
    askedAt ??= performance.now();
    resolve(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // When Node ends by itself it lets go of signals a while before it is gone; told to, it does not.
  process.once('beforeExit', () => process.exit());
  return { asked: promise };
}
