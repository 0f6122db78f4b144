/** Copies the SQLite file beside a service that writes to it, and checks a copy. */
import { backup, DatabaseSync } from 'node:sqlite';
import { WrongContentKey } from '../../ports/errors.ts';
import { keyCheck } from './cipher.ts';

/** Pages copied at a time: 8 MiB, so that progress is seen and a signal is heard between two of them. */
const PAGES_AT_A_TIME = 2048;

/**
 * Copies the file as it is at this moment, whatever is committed meanwhile.
 * SQLite's stepped backup starts again whenever another connection commits, so under load it never ends. It does not
 * while the connection it reads from is inside a read transaction: that one sees a single state from start to end.
 * @param target is not there yet; what comes of it is one file, without a write-ahead log of its own
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
 * Opens a copy and looks through all of it.
 * @param contentKey checked too, where it is known
 * @returns how many events it has
 * @throws Error that says what is wrong with it; WrongContentKey if it is the key
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
