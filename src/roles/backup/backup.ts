/** `ums backup PATH`: makes a folder with everything that a service needs, while the service runs. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { checkCopy, copyDatabase } from '../../backends/embedded/backup.ts';
import { CommandFailed, exitCodes } from '../../cli/exit-codes.ts';
import { createFile, errorCode, isNoRoom, syncFile, syncFolder } from '../../config/files.ts';
import type { DraftConfig } from '../../config.ts';
import { WrongContentKey } from '../../ports/errors.ts';
import { databaseFile } from '../embedded/store.ts';
import { onInterruption } from '../process/interruption.ts';
import { progressBar } from '../process/progress.ts';
import { DATABASE, entryOf, type FileEntry, MANIFEST, type Manifest } from './manifest.ts';

/**
 * The folder gets its name when everything in it is there, checked and durable; until then it is named
 * `PATH.partial-…`, and is removed if the command fails or is interrupted.
 * @returns a report of a few lines
 * @throws CommandFailed
 */
export async function takeBackup(config: DraftConfig, path: string, withKeys: boolean): Promise<string> {
  const target = resolve(path);
  requireFree(target);
  requireDatabase(config);
  process.umask(0o077);
  const draft = makeDraft(target);
  const interruption = onInterruption(() => rmSync(draft, { recursive: true, force: true }));
  try {
    const { events } = await fill(draft, config, withKeys);
    renameSync(draft, target);
    syncFolder(dirname(target));
    return report(target, events, withKeys);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw explained(config, target, error);
  } finally {
    interruption.over();
  }
}

function requireFree(target: string): void {
  if (!existsSync(target)) return;
  try {
    if (readdirSync(target).length === 0) return;
  } catch (error) {
    throw new CommandFailed(exitCodes.usage, `${target} can't be a backup folder (${errorCode(error)})`);
  }
  throw new CommandFailed(exitCodes.usage, `${target} is not empty; a backup goes into a folder of its own`);
}

function requireDatabase(config: DraftConfig): void {
  const file = databaseFile(config);
  if (!existsSync(file))
    throw new CommandFailed(exitCodes.configuration, `UMS_DATA: there is no ${file}, so nothing to back up`);
}

function makeDraft(target: string): string {
  const parent = dirname(target);
  try {
    mkdirSync(parent, { recursive: true });
    // Mode 0700.
    return mkdtempSync(join(parent, `${basename(target)}.partial-`));
  } catch (error) {
    const code = isNoRoom(error) ? exitCodes.unusable : exitCodes.usage;
    throw new CommandFailed(code, `the folder ${target} can't be made (${errorCode(error)})`);
  }
}

async function fill(draft: string, config: DraftConfig, withKeys: boolean): Promise<Manifest> {
  const copy = join(draft, DATABASE);
  const bar = progressBar('backup {bar} {percentage}% {value}/{total} pages, {eta}s left');
  try {
    await copyDatabase(databaseFile(config), copy, (copied, total) => bar.show(copied, total));
  } finally {
    bar.stop();
  }
  const events = checkCopy(copy, config.contentKey);
  syncFile(copy);
  const files: FileEntry['name'][] = [DATABASE];
  for (const [name, text] of withKeys ? keysOf(config) : []) {
    make(join(draft, name), text);
    files.push(name);
  }
  const entries: FileEntry[] = [];
  for (const name of files) entries.push(await entryOf(draft, name));
  const manifest: Manifest = { format: 1, takenAt: new Date().toISOString(), events, files: entries };
  make(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** The keys in force, from any source, under the file names that they have in a data folder. */
function keysOf({ token, operatorToken, contentKey, appsFile }: DraftConfig): [FileEntry['name'], string][] {
  const keys: [FileEntry['name'], string | undefined][] = [
    ['content-key', contentKey?.toString('base64')],
    ['token-secret', token?.type === 'secret' ? token.secret : undefined],
    ['operator-token', operatorToken],
    ['apps.json', readFileSync(appsFile, 'utf8')],
  ];
  return keys.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
}

function make(file: string, text: string): void {
  const { failed } = createFile(file, text);
  if (failed !== undefined) throw failed.error;
}

function report(target: string, events: number, withKeys: boolean): string {
  const done = `${target}: ${events} events, checked`;
  const keys = withKeys
    ? 'The keys are in it: whoever has the folder can read message contents and speak for every app.'
    : 'The keys are not in it: keep content-key, token-secret, operator-token and apps.json elsewhere, or use --with-keys. Without the content key no content can be read again.';
  return `${done}\n${keys}`;
}

function explained(config: DraftConfig, target: string, error: unknown): unknown {
  if (error instanceof CommandFailed) return error;
  const { message } = error as Error;
  if (error instanceof WrongContentKey)
    return new CommandFailed(exitCodes.configuration, `UMS_CONTENT_KEY: ${message}; nothing is left of the backup`);
  if (!isNoRoom(error) && errorCode(error) !== 'ERR_SQLITE_ERROR') return error;
  const from = databaseFile(config);
  const what = `make room if the disk is full; if ${from} is damaged, restore it from another backup`;
  return new CommandFailed(
    exitCodes.unusable,
    `can't copy ${from} to ${target} (${message}), nothing is left: ${what}`,
  );
}
