/** Copies the SQLite file while a service writes to it, and checks a copy. */
import { backup, DatabaseSync } from 'node:sqlite';
import { WrongContentKey } from '../../ports/errors.ts';
import { keyCheck } from './cipher.ts';

/** Pages copied at a time: 8 MiB. Between two steps progress is shown and signals are handled. */
const PAGES_AT_A_TIME = 2048;

/**
 * Copies the file as it is at this moment; later commits are not in the copy.
 * SQLite's stepped backup starts again whenever another connection commits, so under load it never ends. So its source
 * connection stays inside a read transaction: it then sees a single state from start to end, and the backup goes on.
 * @param target a path where no file exists yet; the copy is one file, without a write-ahead log of its own
 * @param onProgress pages copied so far, and pages in all
 */
export async function copyDatabase(
  source: string,
  target: string,
  onProgress: (copied: number, total: number) => void,
): Promise<void> {
  const from = new DatabaseSync(source, { readOnly: true });
  try {
    from.exec('BEGIN');
    // A transaction begins with its first read.
    from.prepare('SELECT count(*) FROM sqlite_schema').get();
    await backup(from, target, {
      rate: PAGES_AT_A_TIME,
      progress: ({ totalPages, remainingPages }) => onProgress(totalPages - remainingPages, totalPages),
    });
  } finally {
    from.close();
  }
  const copy = new DatabaseSync(target);
  try {
    copy.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
}

/**
 * Opens a copy and checks all of it.
 * @param contentKey checked too, if it is given
 * @returns the number of events in the copy
 * @throws Error that names the damage; WrongContentKey if the copy was written with another key
 */
export function checkCopy(file: string, contentKey?: Uint8Array): number {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const found = db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
    if (found !== 'ok') throw new Error(`${file} is damaged: ${String(found)}`);
    if (contentKey !== undefined) checkKey(db, contentKey);
    return Number(db.prepare('SELECT count(*) AS events FROM events').get()?.events);
  } finally {
    db.close();
  }
}

function checkKey(db: DatabaseSync, contentKey: Uint8Array): void {
  const written = db.prepare("SELECT value FROM meta WHERE name = 'content-key-check'").get()?.value;
  if (written === undefined || written === keyCheck(contentKey)) return;
  throw new WrongContentKey('the content key is not the one that this data folder was written with');
}
