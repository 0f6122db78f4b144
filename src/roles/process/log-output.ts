/**
 * Standard output for the log. It may be slow, stuck, full or gone, and nothing here waits for it without end: a write that
 * blocks would hold up the thread that makes it, and in Node's thread pool the end of the process.
 */
import { constants, fstatSync, openSync, write as writeBytes, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';

export interface LogOutput {
  /** Takes one text at a time. @param done follows with what kept it from being written, if anything did */
  write(text: string, done: (error?: NodeJS.ErrnoException | null) => void): void;
  /** Writes as much as is taken at once. Never throws. */
  writeNow(text: string): void;
}

const STDOUT = 1;
/** How long a terminal that is stopped, or a disk that is full, is left alone. */
const RETRY_MS = 100;

/** How standard output is written to depends on what it is. */
export function standardOutput(): LogOutput {
  const { stdout } = process;
  // Whoever writes learns of it by itself; unheard, it would end the process.
  stdout.on('error', () => undefined);
  const stat = fstatSync(STDOUT);
  // What can block is written to as Node does: it asks the system first.
  if (stat.isFIFO() || stat.isSocket()) return streamOutput(stdout);
  // A file in the thread pool instead, so that a busy disk holds up no requests.
  return descriptorOutput(isatty(STDOUT) ? terminal() : STDOUT);
}

function streamOutput(stream: Writable): LogOutput {
  return {
    write: (text, done) => void stream.write(text, done),
    writeNow: (text) => void stream.write(text),
  };
}

/** A terminal that somebody has stopped (Ctrl-S) blocks. Opened anew it need not, and others who have it notice nothing. */
function terminal(): number {
  try {
    const { O_WRONLY, O_APPEND, O_NOCTTY, O_NONBLOCK } = constants;
    return openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NOCTTY | O_NONBLOCK);
  } catch {
    return STDOUT;
  }
}

/** What is not taken now, for a full disk say, is written later: no line is left half done. */
export function descriptorOutput(fd: number): LogOutput {
  return {
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
        // A full disk, say, or a terminal that is stopped.
      }
    },
  };
}
