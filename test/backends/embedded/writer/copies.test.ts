/** How long a replaced copy stays, and copies of an older file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { CollectionPlace, Op } from '../../../../src/backends/embedded/protocol.ts';
import { RETIRED_MS } from '../../../../src/backends/embedded/writer/documents/copies.ts';
import { openFileWriter } from '../../../../src/backends/embedded/writer/writer.ts';
import { range } from '../../../contract/support.ts';
import { openTestBackend, testContentKey } from '../../../support/embedded.ts';
import { putOp, replyValue, shape } from '../support.ts';

async function aFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-copies-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'ums.sqlite');
}

function tables(file: string): string[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = db
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'doc_%' ORDER BY 1")
      .all();
    return rows.map(({ name }) => String(name));
  } finally {
    db.close();
  }
}

/** A writer whose clock the test moves, with a copy of 5,000 documents that was replaced by an empty one. */
function replaced(file: string) {
  const clock = { now: 0 };
  const writer = openFileWriter(file, testContentKey, undefined, () => clock.now);
  const puts = range(5_000).map((n) => ({ id: `${n}`, position: 1, document: '{}', keys: [], sorts: [] }));
  const apply = (op: Op) => writer.apply([op]).replies[0];
  apply(putOp('x', { puts }));
  const place = replyValue<CollectionPlace>(apply({ kind: 'startShadow', shape }));
  const shadow = { generation: Number(place.shadow), version: shape.version };
  replyValue(apply({ kind: 'promoteShadow', shape, shadow }));
  return { clock, writer };
}

test('a replaced copy stays for a while, then goes in bites', async () => {
  const file = await aFile();
  const { clock, writer } = replaced(file);
  clock.now = RETIRED_MS - 1;
  expect(writer.dropRetiredCopies()).toBe(false);
  expect(tables(file)).toEqual(['doc_screens_1', 'doc_screens_2']);
  clock.now = RETIRED_MS;
  expect(range(3).map(() => writer.dropRetiredCopies())).toEqual([true, true, false]);
  expect(tables(file)).toEqual(['doc_screens_2']);
  // The next copy has a number of its own.
  const [reply] = writer.apply([{ kind: 'startShadow', shape }]).replies;
  expect(replyValue<CollectionPlace>(reply)).toMatchObject({ serving: 2, shadow: 3 });
  writer.close();
});

test('a replaced copy whose process has ended goes at the next start: nobody reads it any more', async () => {
  const file = await aFile();
  replaced(file).writer.close();
  const writer = openFileWriter(file, testContentKey);
  while (writer.dropRetiredCopies());
  expect(tables(file)).toEqual(['doc_screens_2']);
  writer.close();
});

test('a file of version 2 keeps its copies and its checkpoints, and gets the id of a log', async () => {
  const opened = await openTestBackend();
  onTestFinished(opened.close);
  await opened.backend.documents.serving({ name: 'screens', version: 4, indexes: {} });
  await opened.backend.close();
  const file = join(opened.folder, 'ums.sqlite');
  const db = new DatabaseSync(file);
  db.exec(`
    DROP TABLE checkpoints; DROP TABLE collections; DROP TABLE retired_copies; DROP TABLE leases;
    DELETE FROM meta WHERE name = 'log-id';
    ALTER TABLE jobs DROP COLUMN delay_ms;
    ALTER TABLE jobs ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE collections (name TEXT PRIMARY KEY, serving INTEGER NOT NULL, version INTEGER NOT NULL, shadow INTEGER) STRICT, WITHOUT ROWID;
    ALTER TABLE doc_screens_1 RENAME TO doc_screens_3;
    INSERT INTO doc_screens_3 (id, position, document) VALUES ('a', 7, '{"room":"hall"}');
    CREATE TABLE doc_screens_4 (id TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL) STRICT;
    INSERT INTO collections VALUES ('screens', 3, 4, 4);
    INSERT INTO checkpoints VALUES ('screens', 7), ('screens~shadow', 5), ('dispatcher', 9);
    PRAGMA user_version = 2;
  `);
  db.close();
  const { documents, log } = await opened.reopen();
  const collection = { name: 'screens', version: 4, indexes: {} };
  const id = await log.id();
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await documents.serving(collection)).toEqual({ collection: 'screens', version: 4, generation: 3 });
  expect((await documents.get(collection, 'a'))?.document).toEqual({ room: 'hall' });
  expect([await documents.checkpoint('screens', id), await documents.checkpoint('dispatcher', id)]).toEqual([7n, 9n]);
  // The unfinished copy of then goes.
  expect((await documents.startShadow(collection)).generation).toBe(5);
  const reopened = await opened.reopen();
  expect(await reopened.log.id()).toBe(id);
});
