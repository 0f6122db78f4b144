/** `ums restore PATH`: fills an empty data folder from a backup. */
import { constants, readdirSync, renameSync, rmSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkCopy } from '../../backends/embedded/backup.ts';
import { CommandFailed, exitCodes } from '../../cli/exit-codes.ts';
import {
  createFile,
  createFolder,
  errorCode,
  isNoRoom,
  RESTORE_UNFINISHED,
  syncFile,
  syncFolder,
} from '../../config/files.ts';
import { readSecret, SECRETS } from '../../config/secrets.ts';
import type { Places } from '../../config.ts';
import { takeDataFolder } from '../embedded/data-folder.ts';
import { onInterruption } from '../process/interruption.ts';
import { progressBar } from '../process/progress.ts';
import { DATABASE, entryOf, type FileEntry, type Manifest, readManifest } from './manifest.ts';

/** Names of the files that the lock of the folder makes. */
const LOCKS: ReadonlySet<string> = new Set(['lock', 'lock.pid', 'lock-journal']);

/**
 * Changes nothing in the backup. While the folder is being filled, a mark in it keeps a service from starting
 * on it; if the command fails or is interrupted, its files are removed again.
 * @returns a report of a few lines
 * @throws CommandFailed
 */
export async function restore({ dataDir, appsFile }: Places, path: string): Promise<string> {
  const source = resolve(path);
  const manifest = await verified(source);
  process.umask(0o077);
  const failed = createFolder(dataDir);
  if (failed !== undefined)
    throw new CommandFailed(
      isNoRoom(failed.error) ? exitCodes.unusable : exitCodes.configuration,
      `UMS_DATA ${failed.fault}`,
    );
  const letGo = takeDataFolder(dataDir);
  try {
    requireEmpty(dataDir);
    await fill(dataDir, source, manifest);
  } finally {
    letGo();
  }
  return report(dataDir, appsFile, manifest);
}

/** Checks the whole backup before the data folder is touched. */
async function verified(source: string): Promise<Manifest> {
  try {
    const manifest = readManifest(source);
    await checkFiles(source, manifest);
    const { text } = readSecret(source, SECRETS.contentKey);
    checkCopy(join(source, DATABASE), text === undefined ? undefined : Buffer.from(text, 'base64'));
    return manifest;
  } catch (error) {
    throw new CommandFailed(exitCodes.unusable, `can't restore from ${source}: ${(error as Error).message}`);
  }
}

async function checkFiles(source: string, { files }: Manifest): Promise<void> {
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let read = 0;
  const bar = progressBar('checking {bar} {percentage}% {value}/{total} bytes, {eta}s left');
  try {
    for (const wanted of files) {
      const found = await entryOf(source, wanted.name, (count) => {
        read += count;
        bar.show(read, total);
      });
      if (found.sha256 !== wanted.sha256)
        throw new Error(
          `${wanted.name} is not the file that was backed up (${found.bytes === wanted.bytes ? 'other content' : `${found.bytes} bytes of ${wanted.bytes}`})`,
        );
    }
  } finally {
    bar.stop();
  }
}

function requireEmpty(dataDir: string): void {
  const there = readdirSync(dataDir).filter((name) => !LOCKS.has(name));
  if (there.length === 0) return;
  throw new CommandFailed(
    exitCodes.configuration,
    `UMS_DATA: ${dataDir} is not empty (${there.slice(0, 3).join(', ')}${there.length > 3 ? ', …' : ''}); a backup is restored into an empty folder`,
  );
}

async function fill(dataDir: string, source: string, { files }: Manifest): Promise<void> {
  const mark = join(dataDir, RESTORE_UNFINISHED);
  const clear = (): void => {
    for (const name of [...files.map(nameOf), ...files.map(draftOf), RESTORE_UNFINISHED])
      rmSync(join(dataDir, name), { force: true });
  };
  const interruption = onInterruption(clear);
  try {
    const { failed } = createFile(mark, `from ${source}\n`);
    if (failed !== undefined) throw failed.error;
    for (const file of files) await copyInto(dataDir, source, file);
    rmSync(mark);
    syncFolder(dataDir);
  } catch (error) {
    clear();
    throw new CommandFailed(
      isNoRoom(error) ? exitCodes.unusable : exitCodes.configuration,
      `UMS_DATA: ${dataDir} can't be filled (${errorCode(error)}); nothing is left in it`,
    );
  } finally {
    interruption.over();
  }
}

const nameOf = ({ name }: FileEntry): string => name;
const draftOf = ({ name }: FileEntry): string => `.${name}.restoring`;

async function copyInto(dataDir: string, source: string, file: FileEntry): Promise<void> {
  const draft = join(dataDir, draftOf(file));
  await copyFile(join(source, file.name), draft, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  syncFile(draft, 0o600);
  renameSync(draft, join(dataDir, file.name));
}

function report(dataDir: string, appsFile: string, { events, takenAt, files }: Manifest): string {
  const has = (name: FileEntry['name']): boolean => files.some((file) => file.name === name);
  const lines = [`${dataDir}: ${events} events, as of ${takenAt}`];
  if (!has('content-key'))
    lines.push(
      'The backup has no keys: put content-key, token-secret, operator-token and apps.json there before you start.',
    );
  else if (appsFile !== join(dataDir, 'apps.json'))
    lines.push(`UMS_APPS is ${appsFile}: the restored apps.json is not used.`);
  return lines.join('\n');
}
