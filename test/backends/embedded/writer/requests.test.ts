import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openWriter } from '../../../../src/backends/embedded/schema.ts';
import { type RequestWriter, requestWriter } from '../../../../src/backends/embedded/writer/requests.ts';
import { range } from '../../../contract/support.ts';
import { aFolder, requestOf } from '../support.ts';

const RUN = 4;

async function aFile(): Promise<string> {
  return `${await aFolder()}/ums.sqlite`;
}

function opened(file: string): DatabaseSync {
  const db = openWriter(file);
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  return db;
}

/** One transaction, as the writer makes it. */
function transact(db: DatabaseSync, requests: RequestWriter, keys: readonly string[], end = 'COMMIT'): void {
  db.exec('BEGIN IMMEDIATE');
  for (const key of keys) if (requests.find(key) === undefined) requests.remember(requestOf(key), 1);
  requests.indexSome();
  db.exec(end);
  if (end === 'COMMIT') requests.committed();
  else requests.rolledBack();
}

const indexed = (db: DatabaseSync): number =>
  Number(db.prepare('SELECT count(*) AS n FROM request_index').get()?.n ?? 0);

const LATER = Date.now() + 3_600_000;

describe('remembered requests', () => {
  test('are found at every moment of their way into the index', async () => {
    const db = opened(await aFile());
    const requests = requestWriter(db, RUN);
    const keys = range(30).map((n) => `key-${n}`);
    keys.forEach((key, place) => {
      transact(db, requests, [key]);
      for (const known of keys.slice(0, place + 1)) expect(requests.find(known)?.key).toBe(known);
    });
    expect(indexed(db)).toBeGreaterThan(30 - 2 * RUN);
    expect(requests.find('another')).toBeUndefined();
  });

  test('are found after a restart, those not yet indexed included', async () => {
    const file = await aFile();
    const before = opened(file);
    const keys = range(10).map((n) => `key-${n}`);
    const requests = requestWriter(before, RUN);
    for (const key of keys) transact(before, requests, [key]);
    expect(indexed(before)).toBeLessThan(10);
    before.close();
    const again = requestWriter(opened(file), RUN);
    expect(keys.map((key) => again.find(key)?.key)).toEqual(keys);
  });

  test('of a transaction that is undone are not remembered, and hold up no run', async () => {
    const db = opened(await aFile());
    const requests = requestWriter(db, RUN);
    for (const n of range(RUN)) transact(db, requests, [`key-${n}`]);
    transact(db, requests, ['undone-1', 'undone-2'], 'ROLLBACK');
    expect(indexed(db)).toBe(0);
    expect(requests.find('undone-1')).toBeUndefined();
    for (const n of range(RUN)) transact(db, requests, [`more-${n}`]);
    expect(indexed(db)).toBe(RUN);
    expect(requests.find('key-0')?.key).toBe('key-0');
    expect(requests.find('more-0')?.key).toBe('more-0');
  });

  test('that are forgotten leave nothing, and a number is not given out again', async () => {
    const file = await aFile();
    const db = opened(file);
    const requests = requestWriter(db, RUN);
    for (const n of range(3 * RUN)) transact(db, requests, [`key-${n}`]);
    while (requests.forget(LATER, 5) > 0);
    expect(indexed(db)).toBe(0);
    expect(requests.find('key-0')).toBeUndefined();
    db.close();
    const reopened = opened(file);
    transact(reopened, requestWriter(reopened, RUN), ['key-0', 'new']);
    const once = requestWriter(reopened, RUN);
    expect([once.find('key-0')?.key, once.find('new')?.key, once.find('key-1')?.key]).toEqual([
      'key-0',
      'new',
      undefined,
    ]);
  });

  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('commit' as const), keys: fc.array(fc.nat(40)) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('undo' as const), keys: fc.array(fc.nat(40)) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('forget' as const), limit: fc.integer({ min: 1, max: 9 }) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const) }) },
  );

  test('are those of a plain list, after any operations', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const db = new DatabaseSync(':memory:');
        db.exec(TABLES);
        let requests = requestWriter(db, RUN);
        let expected: string[] = [];
        for (const taken of steps) {
          if (taken.type === 'restart') requests = requestWriter(db, RUN);
          else if (taken.type === 'forget') {
            requests.forget(LATER, taken.limit);
            expected = expected.slice(taken.limit);
          } else {
            const keys = taken.keys.map(String);
            transact(db, requests, keys, taken.type === 'commit' ? 'COMMIT' : 'ROLLBACK');
            if (taken.type === 'commit') expected = [...new Set([...expected, ...keys])];
          }
          const found = range(41).filter((n) => requests.find(String(n)) !== undefined);
          expect(found.map(String).sort()).toEqual([...expected].sort());
        }
        db.close();
      }),
      { numRuns: 300 },
    );
  });
});

/** The part of the file that `requestWriter` needs, for runs without one. */
const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE requests (seq INTEGER PRIMARY KEY, key TEXT, fingerprint TEXT, answer TEXT, position INTEGER, at INTEGER);
CREATE TABLE request_index (hash INTEGER, seq INTEGER, PRIMARY KEY (hash, seq)) WITHOUT ROWID;
`;

describe('a file of version 1', () => {
  test('keeps its memory', async () => {
    const file = await aFile();
    const old = new DatabaseSync(file);
    old.exec(`
      CREATE TABLE requests (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL, position INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
      INSERT INTO requests (key, fingerprint, answer, position, at) VALUES ('a', 'f', '{}', 1, 0), ('b', 'g', '{}', 2, 0);
      PRAGMA user_version = 1;
    `);
    old.close();
    const db = opened(file);
    const requests = requestWriter(db, RUN);
    expect(requests.find('b')).toEqual({ key: 'b', fingerprint: 'g', answer: '{}', position: 2 });
    transact(db, requests, ['a', 'c']);
    expect([requests.find('a')?.fingerprint, requests.find('c')?.fingerprint]).toEqual(['f', 'fingerprint']);
    expect(indexed(db)).toBe(2);
  });
});
