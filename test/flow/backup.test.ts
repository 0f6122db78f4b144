/** README's backup, taken as it stands there while the service runs, and put into an empty folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { success, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pack = jpushPackage('com.flow.backup');
const app = terminalApp('MB-FLOW-BACKUP', pack);
const sender = { app, clientId: 'sender', user: 'sender' };
const flow = useFlow({ apps: [app] });

/** The commands below "**Backup**". */
async function backupCommands(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const commands = /\*\*Backup\*\*[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme)?.[1];
  if (commands === undefined) throw new Error('README tells of no backup');
  return commands;
}

/** A folder in which README's commands find what they name. */
async function checkout(dataDir: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-backup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await symlink(dataDir, join(folder, 'data'));
  return folder;
}

async function run(commands: string, cwd: string): Promise<void> {
  const shell = spawn('bash', ['-ec', commands], { cwd, stdio: 'inherit' });
  expect(await once(shell, 'exit')).toEqual([0, null]);
}

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
  // The files that the settings of this service have elsewhere.
  await cp(service.env.UMS_APPS ?? '', join(service.dataDir, 'apps.json'));
  await writeFile(join(service.dataDir, 'token-secret'), service.env.UMS_TOKEN_SECRET ?? '');

  const folder = await checkout(service.dataDir);
  await run(await backupCommands(), folder);
  await service.kill();
  service.jpush.faults.clear();

  await rm(service.dataDir, { recursive: true });
  await mkdir(service.dataDir);
  await cp(join(folder, 'backup'), service.dataDir, { recursive: true });
  await service.start();
  expect(await flow.devices('owner', app)).toMatchObject([{ clientId: who.clientId }]);
  expect(await flow.status(sender, sent)).toMatchObject({ status: 1 });
  expect((await flow.tryPush(sender, dst, { sequenceId: 'before' })).text).toBe(answer);
  await flow.sent(sender, held, { withinMs: 60_000 });
  expect(flow.accepted(held).map(({ content }) => JSON.parse(content ?? '').message)).toEqual([{ text: 'kept' }]);
}, 120_000);
