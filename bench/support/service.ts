/** The real service, started as an operator would: `bin/ums.mjs serve` on a data folder of its own, its log in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const app = { appId: 'MB-BENCH-0000', appKey: 'bench-app-key-0123456789' };
export const appPackage = 'com.example.bench';
export const provider = { appKey: 'bench-jpush', masterSecret: 'bench-jpush-secret' };
export const tokenSecret = 'a secret of the benchmark, 32 bytes or more';

export interface Service {
  readonly pid: number;
  readonly port: number;
  /** The SQLite file. */
  readonly file: string;
  /** Ends the process; its folder goes. @throws when it did not end well */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly jpushUrl: string;
  /** Where each thread's CPU profile goes when the service ends. */
  readonly profileDir?: string | undefined;
}

const START_DEADLINE_MS = 15_000;
const STOP_DEADLINE_MS = 15_000;
const KILLED_AFTER_MS = 300;
const program = fileURLToPath(new URL('../../bin/ums.mjs', import.meta.url));

export async function startService({ jpushUrl, profileDir }: ServiceOptions): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-bench-'));
  const logFile = join(folder, 'service.log');
  await writeFile(join(folder, 'apps.json'), JSON.stringify(appsFile()));
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  const log = openSync(logFile, 'w');
  const child = spawn(process.execPath, [...profile, program, 'serve'], {
    env: {
      PATH: process.env.PATH,
      UMS_PORT: '0',
      UMS_DATA: folder,
      UMS_JPUSH_URL: jpushUrl,
      UMS_TOKEN_SECRET: tokenSecret,
    },
    stdio: ['ignore', log, 'inherit'],
  });
  closeSync(log);
  const abandon = (): void => {
    child.kill('SIGKILL');
    // It may still write for a moment, and nothing can be awaited here.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, KILLED_AFTER_MS);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  };
  // The service does not outlive this process, however it ends.
  process.once('exit', abandon);
  const remove = async (): Promise<void> => {
    process.off('exit', abandon);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await listening(child, logFile);
    return { pid: child.pid ?? 0, port, file: join(folder, 'ums.sqlite'), stop: () => stop(child).finally(remove) };
  } catch (error) {
    await stop(child).catch(() => undefined);
    await remove();
    throw error;
  }
}

function appsFile(): object {
  return { apps: [{ ...app, kind: 'terminal', packages: [{ appPackage, jpush: provider }] }] };
}

async function listening(child: ChildProcess, logFile: string): Promise<number> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const port = /listening on http:\/\/[^:]+:(\d+)/.exec(readFileSync(logFile, 'utf8'))?.[1];
    if (port !== undefined) return Number(port);
    await wait(20);
  }
  throw new Error(`the service did not start: ${readFileSync(logFile, 'utf8').slice(-2000)}`);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
    await ended;
    clearTimeout(force);
  }
  if (child.exitCode !== 0) throw new Error(`the service ended with ${child.signalCode ?? child.exitCode}`);
}
