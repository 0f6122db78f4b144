/** One pino for the process. The background thread's lines pass through the main thread, so that no two interleave. */
import { pino } from 'pino';
import type { LogLevel } from '../config.ts';

/** Bytes that are kept back until they are worth a write, and for how long at most. */
const MIN_BYTES = 65_536;
/** Of one write; has to be more than what is kept back. */
const MAX_WRITE_BYTES = 2 * MIN_BYTES;
const FLUSH_EVERY_MS = 100;
/** Bytes that wait for a slow reader of the log; beyond, lines are dropped rather than memory lost. */
const MAX_BYTES = 16 * 1024 * 1024;

const serializers = { err: describeError };

export interface ProcessLog {
  readonly logger: pino.Logger;
  /** A line at info that is written whatever the level: others wait for it. */
  announce(fields: object, text: string): void;
  /** A finished line of another thread. */
  writeLine(line: string): void;
  /** Writes what is kept back. */
  flush(): void;
}

export function openLog(level: LogLevel): ProcessLog {
  const destination = pino.destination({
    fd: 1,
    sync: false,
    minLength: MIN_BYTES,
    maxWrite: MAX_WRITE_BYTES,
    maxLength: MAX_BYTES,
  });
  destination.on('error', () => undefined);
  const timer = setInterval(() => destination.flush(), FLUSH_EVERY_MS);
  timer.unref();
  const options = { base: undefined, timestamp: pino.stdTimeFunctions.isoTime, serializers };
  const loud = pino({ ...options, level: 'info' }, destination);
  return {
    logger: pino({ ...options, level }, destination),
    announce: (fields, text) => loud.info(fields, text),
    writeLine: (line) => void destination.write(line),
    flush: () => {
      try {
        destination.flushSync();
      } catch {
        // Nobody reads the log any more.
      }
    },
  };
}

/** The logger of another thread; `write` passes finished lines on. */
export function threadLogger(level: LogLevel, write: (line: string) => void): pino.Logger {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, serializers }, { write });
}

/** Type, text and stack only: other properties of an error may hold what must not be logged. */
function describeError(error: Error): object {
  return { type: error.name, message: error.message, stack: error.stack };
}
