/** `ums backup` beside a service that works, and `ums restore` into an empty folder. */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { emptyFolder } from '../config/support.ts';
import { success, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { runUms, startUms } from '../support/ums-process.ts';
import { until } from '../support/until.ts';

const pack = jpushPackage('com.flow.backup');
const app = terminalApp('MB-FLOW-BACKUP', pack);
const sender = { app, clientId: 'sender', user: 'sender' };
const flow = useFlow({ apps: [app] });

const oneLine = /^ums: [^\n]+\n$/;
const mode = (path: string): number => statSync(path).mode & 0o777;

test('a backup taken under way is the service as it was: its terminals, messages, contents and answers', async () => {
  const { service } = flow;
  const who = terminal(app, pack, { user: 'owner' });
  await flow.register(who);
  const dst = { type: 0, Id: [who.clientId] };
  const sent = await flow.push(sender, dst);
  await flow.sent(sender, sent);
  const answer = success(await flow.tryPush(sender, dst, { sequenceId: 'before' })).text;
  // Not delivered in the service that is backed up: its content has to come along.
  service.jpush.faults.inject({ fault: knownFaults.internalError });
  const held = await flow.push(sender, dst, { message: { text: 'kept' } });
  await flow.triedInVain(held);

  const folder = join(emptyFolder(), 'backup');
  let over = false;
  const load = (async () => {
    while (!over) await flow.push(sender, dst);
  })();
  const taken = await runUms(['backup', folder, '--with-keys'], service.env).finally(() => {
    over = true;
  });
  await load;
  expect(taken).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\/.*: \d+ events, checked\n/), stderr: '' });
  await service.kill();
  service.jpush.faults.clear();

  await rm(service.dataDir, { recursive: true });
  expect(await runUms(['restore', folder], service.env)).toMatchObject({ code: 0, stderr: '' });
  await service.start();
  expect(await flow.devices('owner', app)).toMatchObject([{ clientId: who.clientId }]);
  expect(await flow.status(sender, sent)).toMatchObject({ status: 1 });
  expect((await flow.tryPush(sender, dst, { sequenceId: 'before' })).text).toBe(answer);
  await flow.sent(sender, held, { withinMs: 60_000 });
  expect(flow.accepted(held).map(({ content }) => JSON.parse(content ?? '').message)).toEqual([{ text: 'kept' }]);
}, 120_000);

describe('a backup', () => {
  test('is for its owner alone, has the keys only if asked, and says so', async () => {
    const parent = emptyFolder();
    const bare = await runUms(['backup', join(parent, 'bare')], flow.service.env);
    expect(bare).toMatchObject({ code: 0, stdout: expect.stringContaining('The keys are not in it') });
    expect(readdirSync(join(parent, 'bare')).sort()).toEqual(['backup.json', 'ums.sqlite']);

    mkdirSync(join(parent, 'full'), { mode: 0o755 });
    const full = await runUms(['backup', join(parent, 'full'), '--with-keys'], flow.service.env);
    expect(full).toMatchObject({ code: 0, stdout: expect.stringContaining('The keys are in it') });
    const names = ['apps.json', 'backup.json', 'content-key', 'operator-token', 'token-secret', 'ums.sqlite'];
    expect(readdirSync(join(parent, 'full')).sort()).toEqual(names);

    for (const folder of ['bare', 'full']) expect(mode(join(parent, folder))).toBe(0o700);
    for (const name of names) expect(mode(join(parent, 'full', name))).toBe(0o600);
    expect(readdirSync(parent).sort()).toEqual(['bare', 'full']);
  }, 60_000);

  test('goes into no folder that has something in it, nor is there one of no data', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'mine'), '');
    const { env } = flow.service;
    expect(await runUms(['backup', folder], env)).toMatchObject({ code: 2, stderr: expect.stringMatching(oneLine) });
    expect(readdirSync(folder)).toEqual(['mine']);
    const nothing = await runUms(['backup', join(folder, 'b')], { ...env, UMS_DATA: join(folder, 'none') });
    expect(nothing).toMatchObject({ code: 78, stderr: expect.stringMatching(oneLine) });
    expect(readdirSync(folder)).toEqual(['mine']);
  }, 60_000);

  test('that finds no room ends with 74 and leaves nothing', () => {
    const parent = emptyFolder();
    const target = join(parent, 'backup');
    const { status, stderr } = spawnSync(
      'bash',
      ['--norc', '-c', 'ulimit -f 16; exec node_modules/.bin/node bin/ums.mjs backup "$0"', target],
      { env: { PATH: process.env.PATH, ...flow.service.env }, encoding: 'utf8' },
    );
    expect({ status, stderr }).toEqual({ status: 74, stderr: expect.stringMatching(oneLine) });
    expect(stderr).toContain(target);
    expect(readdirSync(parent)).toEqual([]);
  }, 60_000);

  test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'that %s ends has its name only if it is whole',
    async (signal) => {
      const parent = emptyFolder();
      const target = join(parent, 'backup');
      const ums = startUms(['backup', target], flow.service.env);
      await until('the draft', () => readdirSync(parent).length > 0, { withinMs: 30_000 });
      const { code } = await ums.end(signal);
      if (code === 0) expect(existsSync(join(target, 'backup.json'))).toBe(true);
      else if (signal === 'SIGKILL') expect(existsSync(target)).toBe(false);
      else expect(readdirSync(parent)).toEqual([]);
    },
    60_000,
  );
});

describe('a restore', () => {
  let parent = '';
  let backup = '';

  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'ums-backup-'));
    backup = join(parent, 'backup');
    await runUms(['backup', backup, '--with-keys'], flow.service.env);
  });
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  const restored = (from: string, dataDir: string) => runUms(['restore', from], { UMS_DATA: dataDir });

  test('refuses a folder that is in use, and one that is not empty', async () => {
    const { dataDir } = flow.service;
    const before = readdirSync(dataDir);
    expect(await restored(backup, dataDir)).toMatchObject({ code: 75, stderr: expect.stringMatching(oneLine) });
    expect(readdirSync(dataDir)).toEqual(before);
    const folder = emptyFolder();
    writeFileSync(join(folder, 'apps.json'), '{}');
    expect(await restored(backup, folder)).toMatchObject({ code: 78, stderr: expect.stringMatching(oneLine) });
    expect(readdirSync(folder).filter((name) => name !== 'lock')).toEqual(['apps.json']);
  }, 60_000);

  test.each<[string, (copy: string) => void]>([
    ['a changed database', (copy) => appendFileSync(join(copy, 'ums.sqlite'), 'x')],
    ['a database that was cut off', (copy) => truncateSync(join(copy, 'ums.sqlite'), 4096)],
    ['a key that is missing', (copy) => rmSync(join(copy, 'content-key'))],
    ['no list of what it has', (copy) => rmSync(join(copy, 'backup.json'))],
    ['a list that is none', (copy) => writeFileSync(join(copy, 'backup.json'), '{"files":[{"name":"../x"}]}')],
  ])(
    'of a backup with %s ends with 74, and makes nothing',
    async (_, spoil) => {
      const copy = join(emptyFolder(), 'copy');
      await cp(backup, copy, { recursive: true });
      spoil(copy);
      const target = join(emptyFolder(), 'data');
      expect(await restored(copy, target)).toMatchObject({ code: 74, stderr: expect.stringMatching(oneLine) });
      expect(existsSync(target)).toBe(false);
    },
    60_000,
  );

  test('that was cut off is no data folder: no service starts there', async () => {
    const folder = emptyFolder();
    writeFileSync(join(folder, 'restore-unfinished'), '');
    const ended = await runUms(['serve'], { ...flow.service.env, UMS_DATA: folder });
    expect(ended).toMatchObject({ code: 78, stderr: expect.stringContaining('a restore that did not finish') });
    expect(readdirSync(folder)).toEqual(['restore-unfinished']);
  }, 60_000);
});
