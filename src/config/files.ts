/** Files that are made once: whole or not at all, durable, never over one that is there, and nothing else is left behind. */
import { randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** In a data folder while `ums restore` fills it; no service starts on such a folder. */
export const RESTORE_UNFINISHED = 'restore-unfinished';

/** The system's name of an error, for instance `ENOENT`. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);

/** Whether the disk is at fault, full or broken, and not the configuration. */
export function isNoRoom(error: unknown): boolean {
  return NO_ROOM.has(errorCode(error));
}

/** The reason why a folder can't be used or made, without making it; `undefined` if there is none. */
export function folderFault(folder: string): string | undefined {
  try {
    if (!statSync(folder).isDirectory()) return `${folder} is not a folder`;
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') return `folder ${folder} can't be used (${code})`;
    const parent = dirname(folder);
    return parent === folder ? `folder ${folder} can't be made` : folderFault(parent);
  }
}

/** The reason why a file or folder could not be made. */
export interface MakeFault {
  readonly fault: string;
  readonly error: unknown;
}

/** Makes a folder for its owner alone, if it isn't there, and those above it. */
export function createFolder(folder: string): MakeFault | undefined {
  try {
    makeFolders(folder);
    return undefined;
  } catch (error) {
    return { fault: `folder ${folder} can't be made (${errorCode(error)})`, error };
  }
}

/** Node's own `recursive` never returns where a folder can't be made in one that is there, as in /proc. */
function makeFolders(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (isFolder(folder)) return;
    const parent = dirname(folder);
    if (errorCode(error) !== 'ENOENT' || isFolder(parent)) throw error;
    makeFolders(parent);
    mkdirSync(folder, { mode: 0o700 });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Writes a file with mode 0600 unless there is one; of several processes that do so at once, one wins.
 * @returns whether it was this one, or the reason why it was not written
 */
export function createFile(path: string, text: string): { created: boolean; failed?: MakeFault } {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.${randomUUID()}`);
  try {
    writeDurably(draft, text);
    giveName(draft, path, text);
    syncFolder(folder);
    return { created: true };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return { created: false };
    return { created: false, failed: { fault: `${path} can't be made (${errorCode(error)})`, error } };
  } finally {
    rmSync(draft, { force: true });
  }
}

/** File systems without hard links (exFAT, CIFS, some FUSE ones) answer one of these. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EINVAL',
  'EACCES',
  'EMLINK',
]);

/** A link never replaces a file that is there, as a rename would. Without links the file is written under its own name. */
function giveName(draft: string, path: string, text: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error))) throw error;
    writeDurably(path, text);
  }
}

/** Leaves nothing behind if it fails. */
function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Makes the content of a file durable. @param mode the file's mode from then on */
export function syncFile(path: string, mode?: number): void {
  if (mode !== undefined) chmodSync(path, mode);
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The name of a new file is durable only with its folder. Where folders can't be synced the system sees to it. */
export function syncFolder(folder: string): void {
  let handle: number;
  try {
    handle = openSync(folder, 'r');
  } catch (error) {
    if (isNoRoom(error)) throw error;
    return;
  }
  try {
    fsyncSync(handle);
  } catch (error) {
    // EINVAL, ENOTSUP, EBADF …: this file system has no such thing. A disk that is at fault is another matter.
    if (isNoRoom(error)) throw error;
  } finally {
    closeSync(handle);
  }
}
