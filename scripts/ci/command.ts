/** Runs a command in a process group of its own, with a deadline, and sees to it that nothing of it stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ran {
  readonly stdout: string;
  /** What went wrong, one line each; empty when nothing did. */
  readonly faults: string[];
}

export interface RunOptions {
  /** Milliseconds; then the whole group is killed, which is a fault. */
  readonly limit: number;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether to keep the output to ourselves. */
  readonly quiet?: boolean;
}

export async function run(command: string, { limit, env, quiet = false }: RunOptions): Promise<Ran> {
  const child = spawnGroup(command, env);
  const faults: string[] = [];
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (!quiet) process.stdout.write(text);
  });
  const deadline = setTimeout(() => {
    faults.push(`not done after ${limit / 1000} s`);
    killGroup(child);
  }, limit);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  if (code !== 0) faults.push(`ended with ${signal ?? `exit code ${code}`}`);
  if (killGroup(child) && faults.length === 0) faults.push('left processes behind');
  return { stdout, faults };
}

/** No stdin; standard error is ours. */
export function spawnGroup(command: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn('sh', ['-c', command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
}

/** @returns whether there was anything left to kill */
export function killGroup({ pid }: ChildProcess): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, 'SIGKILL');
  } catch {
    return false;
  }
}
