/** `ums …` as a process of its own, with its output kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const node = `${root}node_modules/.bin/node`;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Since the process was asked to end, or was started. */
  readonly ms: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface UmsProcess {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<Ended>;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Ended>;
}

/** Only the given variables are set: those of the shell that runs the tests do not leak in. */
export type UmsEnv = Readonly<Record<string, string>>;

/** @param stdout a descriptor to write to in place of a pipe whose output is kept */
export function startUms(args: readonly string[], env: UmsEnv, stdout: 'pipe' | number = 'pipe'): UmsProcess {
  const child = spawn(node, ['bin/ums.mjs', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', stdout, 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8');
    child[name]?.on('data', (text: string) => {
      output[name] += text;
    });
  }
  let askedAt = performance.now();
  const ended = once(child, 'close').then(
    ([code, signal]): Ended => ({ code, signal, ms: performance.now() - askedAt, ...output }),
  );
  return {
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    ended,
    end(signal) {
      askedAt = performance.now();
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs a command to its end. */
export function runUms(args: readonly string[], env: UmsEnv): Promise<Ended> {
  return startUms(args, env).ended;
}
