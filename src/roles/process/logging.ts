/** One pino for the process. The other threads' lines pass through the main thread, so that no two interleave. */
import { pino } from 'pino';
import type { LogLevel } from '../../config.ts';
import { type LogOutput, standardOutput } from './log-output.ts';
import { readable } from './readable-log.ts';

/** Lines are kept back until they have this many characters, or this many ms have passed. */
const MIN_CHARS = 65_536;
const FLUSH_EVERY_MS = 100;
/** Characters that may wait for a slow reader of the log; further lines are dropped, so that memory is bounded. */
const MAX_CHARS = 16 * 1024 * 1024;
/** How long a process that has nothing else to do waits for its log to be read, in ms. */
const LAST_WORDS_MS = 1_000;

const serializers = { err: describeError };

export interface ProcessLog {
  readonly logger: pino.Logger;
  /** Writes a line at level info, even if the level in force is higher: other programs wait for it. */
  announce(fields: object, text: string): void;
  /** Writes a finished line: one of another thread, or one for people. */
  writeLine(line: string): void;
  /**
   * Writes the lines that are kept back, as the process ends. If the process is still alive after a second, for
   * instance because nobody reads the log, it exits anyway, with `process.exitCode`.
   */
  end(): void;
}

export function openLog(level: LogLevel): ProcessLog {
  const output = standardOutput();
  const queue = lineQueue(output, output.isTerminal ? readable : (line) => line);
  setInterval(() => queue.flush(), FLUSH_EVERY_MS).unref();
  process.on('exit', () => queue.flushNow());
  const options = { base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers };
  const loud = pino({ ...options, level: 'info' }, queue);
  return {
    logger: pino({ ...options, level }, queue),
    announce: (fields, text) => loud.info(fields, text),
    writeLine: (line) => queue.write(line),
    end() {
      queue.flush();
      setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
    },
  };
}

/** Collects lines and writes them one text after the other. Text that can't be written is dropped. */
function lineQueue(output: LogOutput, format: (line: string) => string) {
  const texts: string[] = [];
  let gathered = '';
  let waiting = 0;
  let writing = false;
  let gone = false;

  const takeGathered = (): void => {
    if (gathered === '') return;
    texts.push(gathered);
    gathered = '';
  };

  const writeNext = (): void => {
    const text = writing ? undefined : texts.shift();
    if (text === undefined) return;
    writing = true;
    output.write(text, (error) => {
      writing = false;
      waiting -= text.length;
      // Nobody reads the log any more.
      gone ||= error?.code === 'EPIPE';
      if (gone) texts.length = 0;
      writeNext();
    });
  };

  const flush = (): void => {
    takeGathered();
    writeNext();
  };

  return {
    write(finished: string): void {
      const line = format(finished);
      if (gone || waiting + line.length > MAX_CHARS) return;
      waiting += line.length;
      gathered += line;
      if (gathered.length >= MIN_CHARS) flush();
    },
    flush,
    flushNow(): void {
      takeGathered();
      for (const text of texts.splice(0)) output.writeNow(text);
    },
  };
}

/** The logger of another thread. @param write passes finished lines to the main thread */
export function threadLogger(level: LogLevel, write: (line: string) => void): pino.Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers }, { write });
}

/** Type, text and stack only: other properties of an error may hold secrets. */
function describeError(error: Error): object {
  return { type: error.name, message: error.message, stack: error.stack };
}
