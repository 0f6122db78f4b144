import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockDataFolder } from '../../src/backends/data-folder.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ums-lock-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function lock(dir: string): void {
  const taken = lockDataFolder(dir);
  if (taken.type !== 'locked') throw new Error('the folder is held');
  onTestFinished(taken.release);
}

/** Another process that takes the lock, says how that went, and stays. */
async function holder(dir: string): Promise<{ child: ChildProcess; says: string }> {
  const script = `
    import { lockDataFolder } from ${JSON.stringify(new URL('../../src/backends/data-folder.ts', import.meta.url).href)};
    process.stdout.write(lockDataFolder(${JSON.stringify(dir)}).type);
    setInterval(() => globalThis.gc(), 20);`;
  const child = spawn(process.execPath, ['--expose-gc', '--input-type=module-typescript', '-e', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [says] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, says };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

test('one caller at a time holds a folder', () => {
  const dir = folder();
  const first = lockDataFolder(dir);
  if (first.type !== 'locked') throw new Error('the folder is held');
  expect(lockDataFolder(dir)).toEqual({ type: 'held', pid: process.pid });
  expect(lockDataFolder(dir).type).toBe('held');
  first.release();
  lock(dir);
  first.release();
  expect(lockDataFolder(dir).type).toBe('held');
});

test('two folders do not know of each other', () => {
  lock(folder());
  lock(folder());
});

test('it holds between processes without anyone keeping its handle, and ends with a killed process', async () => {
  const dir = folder();
  const { child, says } = await holder(dir);
  expect(says).toBe('locked');
  expect(lockDataFolder(dir)).toEqual({ type: 'held', pid: child.pid });
  await kill(child);
  lock(dir);
  expect((await holder(dir)).says).toBe('held');
});

test('its files are readable by the owner only', () => {
  const dir = folder();
  lock(dir);
  expect(statSync(join(dir, 'lock.pid')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(dir, 'lock.pid'), 'utf8')).toBe(`${process.pid}\n`);
});

test('a holder without a process id holds it all the same', () => {
  const dir = folder();
  lock(dir);
  writeFileSync(join(dir, 'lock.pid'), 'nobody');
  expect(lockDataFolder(dir)).toEqual({ type: 'held', pid: undefined });
});

test('a folder that is not there can not be locked', () => {
  expect(lockDataFolder(join(folder(), 'none'))).toMatchObject({ type: 'unusable' });
});

test.each(['lock', 'lock.pid'])(
  'a %s that cannot be used is told by name, and nobody is said to hold the folder',
  (name) => {
    const dir = folder();
    mkdirSync(join(dir, name));
    expect(lockDataFolder(dir)).toEqual({ type: 'unusable', file: join(dir, name), reason: expect.any(String) });
    rmdirSync(join(dir, name));
    lock(dir);
  },
);
