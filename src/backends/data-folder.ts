/** One process a data folder: whoever holds the lock owns what is in it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type FolderLock =
  | {
      readonly type: 'locked';
      /** Lets go; again changes nothing. */
      release(): void;
    }
  | {
      readonly type: 'held';
      /** The process that holds it, where it said so. */
      readonly pid: number | undefined;
    }
  | {
      readonly type: 'unusable';
      /** The file that the lock can't be had by: damaged, say, or its disk is full. */
      readonly file: string;
      readonly reason: string;
    };

/** SQLITE_BUSY */
const BUSY = 5;

/** A lock whose database were garbage collected would be closed, and gone. */
const held = new Set<DatabaseSync>();

/**
 * Takes the folder's lock without waiting. It holds between processes, and between two callers of one process, and dies
 * with the process, however that ends: it is an exclusive transaction on a small SQLite file that stays open.
 * @param dir exists and can be written to
 */
export function lockDataFolder(dir: string): FolderLock {
  // What this process writes there is nobody else's to read, also where the folder itself is open to others.
  process.umask(0o077);
  const lockFile = join(dir, 'lock');
  const pidFile = join(dir, 'lock.pid');
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockFile, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    return isBusy(error) ? { type: 'held', pid: readPid(pidFile) } : unusable(lockFile, error);
  }
  try {
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  } catch (error) {
    database.close();
    return unusable(pidFile, error);
  }
  held.add(database);
  return {
    type: 'locked',
    release() {
      if (!held.delete(database)) return;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function unusable(file: string, error: unknown): FolderLock {
  return { type: 'unusable', file, reason: error instanceof Error ? error.message : String(error) };
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === BUSY;
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
