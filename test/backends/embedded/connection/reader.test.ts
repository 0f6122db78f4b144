import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openReader } from '../../../../src/backends/embedded/connection/reader.ts';
import { aFolder } from '../support.ts';

async function opened() {
  const file = `${await aFolder()}/ums.sqlite`;
  const writer = new DatabaseSync(file);
  writer.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)');
  const reader = openReader(file);
  onTestFinished(() => {
    reader.close();
    writer.close();
  });
  const rows = reader.prepare('SELECT count(*) AS n FROM t');
  return {
    reader,
    write: () => writer.exec('INSERT INTO t VALUES (1)'),
    count: () => Number(rows.get()?.n),
  };
}

test('reads of one turn of the event loop see one state, the next turn sees the commits since', async () => {
  const { write, count } = await opened();
  write();
  expect(count()).toBe(1);
  write();
  expect(count()).toBe(1);
  await nextTurn();
  expect(count()).toBe(2);
});

test('after news everything that is committed is seen at once', async () => {
  const { reader, write, count } = await opened();
  expect(count()).toBe(0);
  write();
  reader.refresh();
  expect(count()).toBe(1);
});

test('a turn that has read nothing holds nothing', async () => {
  const { reader, write, count } = await opened();
  await nextTurn();
  write();
  expect(count()).toBe(1);
  reader.close();
  reader.close();
});
