import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { checkCopy, copyDatabase } from '../../../src/backends/embedded/backup.ts';
import { emptyFolder } from '../../config/support.ts';

/** A file of more pages than are copied in one step. */
function busyFile(pages: number): { file: string; db: DatabaseSync } {
  const file = join(emptyFolder(), 'busy.sqlite');
  const db = new DatabaseSync(file);
  onTestFinished(() => db.close());
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE events (position INTEGER PRIMARY KEY, data BLOB);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < ${pages})
    INSERT INTO events (data) SELECT zeroblob(4000) FROM n;
  `);
  return { file, db };
}

test('a copy is the state at its start and ends, though every step meets a commit', async () => {
  const { file, db } = busyFile(5000);
  const copy = join(emptyFolder(), 'copy.sqlite');
  const insert = db.prepare('INSERT INTO events (data) VALUES (zeroblob(10))');
  const steps: number[] = [];
  await copyDatabase(file, copy, (copied) => {
    insert.run();
    // A copy that starts again at each commit would go on for ever.
    steps.push(copied);
    if (steps.length > 20) throw new Error(`no end: ${steps.join(', ')}`);
  });
  expect(steps.length).toBeGreaterThan(1);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(checkCopy(copy)).toBe(5000);
  expect(existsSync(`${copy}-wal`)).toBe(false);
});

test('a copy that is damaged does not pass', async () => {
  const { file } = busyFile(50);
  const copy = join(emptyFolder(), 'copy.sqlite');
  await copyDatabase(file, copy, () => undefined);
  const fd = openSync(copy, 'r+');
  writeSync(fd, Buffer.alloc(4096, 0xff), 0, 4096, 8192);
  closeSync(fd);
  expect(() => checkCopy(copy)).toThrow();
});
