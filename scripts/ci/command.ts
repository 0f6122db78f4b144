/** Runs a command in a process group of its own, with a deadline, and sees to it that nothing of it stays. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

const ENDING_MS = 5_000;
const LOOK_EVERY_MS = 50;

export interface Ran {
  readonly stdout: string;
  /** The faults, one line each; empty when there are none. */
  readonly faults: string[];
}

export interface RunOptions {
  /** Milliseconds; then the whole group is killed, which is a fault. */
  readonly limit: number;
  readonly env?: NodeJS.ProcessEnv;
}

export async function run(command: string, { limit, env }: RunOptions): Promise<Ran> {
  const child = spawnGroup(command, env);
  const faults: string[] = [];
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    process.stdout.write(text);
  });
  const deadline = setTimeout(() => {
    faults.push(`not done after ${limit / 1000} s`);
    killGroup(child);
  }, limit);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(deadline);
  if (code !== 0) faults.push(`ended with ${signal ?? `exit code ${code}`}`);
  if (faults.length === 0 && !(await isGone(child))) faults.push('left processes behind');
  killGroup(child);
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

export function killGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGKILL');
}

/** Whether the whole process group has ended, within a moment after its signal. */
async function isGone(child: ChildProcess): Promise<boolean> {
  const patience = Date.now() + ENDING_MS;
  while (signalGroup(child, 0)) {
    if (Date.now() > patience) return false;
    await wait(LOOK_EVERY_MS);
  }
  return true;
}

/** @returns whether there was anybody to signal */
function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
