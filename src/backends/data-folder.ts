/** Only one process at a time works in a data folder: the one that holds its lock. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type FolderLock =
  | {
      readonly type: 'locked';
      /** Gives the lock back; a second call changes nothing. It also happens when the process exits. */
      readonly release: () => void;
    }
  | {
      readonly type: 'held';
      /** The process that holds the lock, if it could be read. */
      readonly pid: number | undefined;
    }
  | {
      readonly type: 'unusable';
      /** The file that keeps the lock from being taken: it is damaged, for instance, or its disk is full. */
      readonly file: string;
      readonly reason: string;
    };

/** SQLITE_BUSY */
const BUSY = 5;

/** Keeps the databases from being garbage collected: that would close them and lose the lock. */
const held = new Set<DatabaseSync>();

/**
 * Takes the folder's lock without waiting. The lock is an exclusive transaction on a small SQLite file that stays open: it
 * works between processes and within one, and ends with the process, however that ends.
 * @param dir exists and can be written to
 */
export function lockDataFolder(dir: string): FolderLock {
  // Files that this process writes are for its user alone, even if others can enter the folder.
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
  const release = (): void => {
    if (!held.delete(database)) return;
    process.off('exit', release);
    rmSync(pidFile, { force: true });
    database.close();
  };
  process.once('exit', release);
  return { type: 'locked', release };
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
