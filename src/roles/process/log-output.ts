/**
 * Standard output for the log. It may be slow, stuck, full or gone, and nothing here waits for it for ever: a write
 * that blocks would hold up the thread that makes it, and in Node's thread pool the end of the process.
 */
import { constants, fstatSync, openSync, write as writeBytes, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';

export interface LogOutput {
  /** Whether the output is a terminal, at which a person reads. */
  readonly isTerminal: boolean;
  /** Writes one text at a time. @param done called when it is written, or with the error that prevented it */
  write(text: string, done: (error?: NodeJS.ErrnoException | null) => void): void;
  /** Writes as much as the output accepts at once. Never throws. */
  writeNow(text: string): void;
}

const STDOUT = 1;
/** Pause, in ms, before another try on a terminal that is stopped or a disk that is full. */
const RETRY_MS = 100;

/** Standard output, with the way of writing that suits a pipe, a file or a terminal. */
export function standardOutput(): LogOutput {
  const { stdout } = process;
  // Each write reports its own error; without a listener the event would end the process.
  stdout.on('error', () => undefined);
  const stat = fstatSync(STDOUT);
  // Node writes to pipes and sockets without blocking.
  if (stat.isFIFO() || stat.isSocket()) return streamOutput(stdout);
  // Files are written to in the thread pool, so that a busy disk holds up no requests.
  return isatty(STDOUT) ? { ...descriptorOutput(terminal()), isTerminal: true } : descriptorOutput(STDOUT);
}

function streamOutput(stream: Writable): LogOutput {
  return {
    isTerminal: false,
    write: (text, done) => void stream.write(text, done),
    writeNow: (text) => void stream.write(text),
  };
}

/** A terminal that was stopped (Ctrl-S) blocks. Opened a second time it does not, and other programs notice nothing. */
function terminal(): number {
  try {
    const { O_WRONLY, O_APPEND, O_NOCTTY, O_NONBLOCK } = constants;
    return openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    return STDOUT;
  }
}

/**
 * If only a part of a text can be written, for instance on a full disk, the rest follows later: no line stays
 * incomplete.
 */
export function descriptorOutput(fd: number): LogOutput {
  return {
    isTerminal: false,
    write(text, done) {
      const bytes = Buffer.from(text);
      const writeFrom = (start: number): void =>
        writeBytes(fd, bytes, start, (error, count) => {
          if (error !== null) setTimeout(writeFrom, RETRY_MS, start);
          else if (start + count < bytes.length) writeFrom(start + count);
          else done();
        });
      writeFrom(0);
    },
    writeNow(text) {
      try {
        writeSync(fd, text);
      } catch {
        // A full disk, for instance, or a terminal that is stopped.
      }
    },
  };
}
