/** Follows the README as a newcomer would: `npm start`, paste the first push, look until it is answered, stop. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { killGroup, run, spawnGroup } from './command.ts';
import { oneCheck, type Suite } from './suite.ts';

const START_MS = 30_000;
const ANSWERED_MS = 30_000;
/** `docs/architecture.md §Roles`: a role ends within 10 s of SIGTERM. */
const STOP_MS = 10_000;
const LOOK_EVERY_MS = 500;
const ANSWERED = 4;

export async function firstPush(folder: string): Promise<Suite> {
  // Only the service has these; the commands that it prints have to work in a shell that knows nothing of them.
  const env = { UMS_PORT: '0', UMS_DATA: join(folder, 'first-push') };
  const service = spawnGroup('exec npm start', env);
  const ended = once(service, 'close');
  try {
    const { push, look } = await printedCommands(service);
    const { msgId } = await answerTo(push);
    await untilAnswered(look.replace('PASTE-IT-HERE', String(msgId)));
    service.kill('SIGTERM');
    const [code] = await inTime(ended, STOP_MS, 'still there 10 s after SIGTERM');
    if (code !== 0) throw new Error(`npm start ended with exit code ${code}`);
    return oneCheck('first-push', []);
  } catch (error) {
    return oneCheck('first-push', [(error as Error).message]);
  } finally {
    killGroup(service);
    await ended;
  }
}

/** Echoes the output of the service, and picks out the two commands that are to be pasted. */
async function printedCommands(service: ChildProcess): Promise<{ push: string; look: string }> {
  if (service.stdout === null) throw new Error('npm start has no output');
  const lines = createInterface({ input: service.stdout });
  const found = new Promise<{ push: string; look: string }>((resolve, reject) => {
    const commands: string[] = [];
    lines.on('line', (line) => {
      process.stdout.write(`${line}\n`);
      if (/^ +([A-Z_]+=\S+ )*npm run .* call /.test(line)) commands.push(line.trim());
      const [push, look] = commands;
      if (push !== undefined && look !== undefined) resolve({ push, look });
    });
    lines.once('close', () => reject(new Error('npm start ended by itself')));
  });
  return inTime(found, START_MS, 'npm start printed no commands to paste');
}

async function untilAnswered(look: string): Promise<void> {
  const patience = Date.now() + ANSWERED_MS;
  let data = await answerTo(look);
  while (data.status !== ANSWERED) {
    if (Date.now() > patience) throw new Error(`the message is still at ${data.status}`);
    await wait(LOOK_EVERY_MS);
    data = await answerTo(look);
  }
}

async function answerTo(command: string): Promise<Record<string, unknown>> {
  const { stdout, faults } = await run(command, { limit: 20_000 });
  if (faults.length > 0) throw new Error(`${command}: ${faults.join(', ')}`);
  return (JSON.parse(stdout) as { data: Record<string, unknown> }).data;
}

async function inTime<T>(promise: Promise<T>, ms: number, otherwise: string): Promise<T> {
  const abort = new AbortController();
  const late = wait(ms, undefined, { signal: abort.signal }).then(() => Promise.reject(new Error(otherwise)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    abort.abort();
  }
}
