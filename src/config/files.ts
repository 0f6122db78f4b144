/** Files that are made once: whole or not at all, durable, never over one that is there. */
import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The system's name of what went wrong, `ENOENT` say. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Says what keeps a folder from being used or made, without making it; `undefined` if nothing does. */
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

/** Makes a folder for its owner alone, if it isn't there, and those above it. @returns the fault */
export function createFolder(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return undefined;
  } catch (error) {
    return `folder ${folder} can't be made (${errorCode(error)})`;
  }
}

/**
 * Writes a file with mode 0600 unless there is one; of several processes that do so at once, one wins.
 * @returns whether it was this one, or the fault
 */
export function createFile(path: string, text: string): { created: boolean; fault?: string } {
  const folder = dirname(path);
  const draft = join(folder, `.${basename(path)}.${randomUUID()}`);
  try {
    writeDurably(draft, text);
    try {
      linkSync(draft, path);
    } finally {
      unlinkSync(draft);
    }
    syncFolder(folder);
    return { created: true };
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return { created: false };
    return { created: false, fault: `${path} can't be made (${errorCode(error)})` };
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** The name of a new file is durable only with its folder. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
