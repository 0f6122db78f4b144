/** One pino for the process. The other threads' lines pass through the main thread, so that no two interleave. */
import { pino } from 'pino';
import type { LogLevel } from '../../config.ts';
import { type LogOutput, standardOutput } from './log-output.ts';

/** Characters that are kept back until they are worth a write, and for how long at most. */
const MIN_CHARS = 65_536;
const FLUSH_EVERY_MS = 100;
/** Characters that wait for a slow reader of the log; beyond, lines are dropped rather than memory lost. */
const MAX_CHARS = 16 * 1024 * 1024;
/** How long a process that has come to its end waits for whoever reads its log. */
const LAST_WORDS_MS = 1_000;

const serializers = { err: describeError };

export interface ProcessLog {
  readonly logger: pino.Logger;
  /** A line at info that is written whatever the level: others wait for it. */
  announce(fields: object, text: string): void;
  /** A finished line, of another thread or for the console. */
  writeLine(line: string): void;
  /**
   * The process has come to its end: what is kept back is written. If something still holds the process up after a
   * second, a log that nobody takes for one, it ends nevertheless, with `process.exitCode`.
   */
  end(): void;
}

export function openLog(level: LogLevel): ProcessLog {
  const queue = lineQueue(standardOutput());
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

/** Lines on their way to the output: gathered, written one text after the other, dropped where that fails. */
function lineQueue(output: LogOutput) {
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
    write(line: string): void {
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

/** The logger of another thread; `write` passes finished lines on. */
export function threadLogger(level: LogLevel, write: (line: string) => void): pino.Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers }, { write });
}

/** Type, text and stack only: other properties of an error may hold what must not be logged. */
function describeError(error: Error): object {
  return { type: error.name, message: error.message, stack: error.stack };
}
