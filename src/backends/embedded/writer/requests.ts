/**
 * Remembered requests (`docs/api.md §2 Idempotency`). Their keys arrive in random order, so inserting each into the
 * index at once would dirty a page for every request. Instead the newest are found through memory, and are indexed
 * later, many at a time and in the order of the index. A restart reads those that are not indexed into memory again.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { AppendOp, RequestRow } from '../protocol.ts';
import { REQUESTS_INDEXED, requestHash } from '../schema.ts';

/** Requests that are sorted and indexed together: one run. */
const RUN = 16_384;
/** Requests of a run that are indexed for each new request. So a run is over before the next one is due. */
const INDEXED_EACH = 2;

export interface RequestWriter {
  find(key: string): RequestRow | undefined;
  remember(request: NonNullable<AppendOp['request']>, position: number): void;
  /** Indexes some older requests, in the transaction that has remembered new ones. */
  indexSome(): void;
  committed(): void;
  rolledBack(): void;
  /** Drops at most `limit` requests that were remembered before `at` (ms since 1970). @returns the number dropped */
  forget(at: number, limit: number): number;
}

interface Unindexed {
  readonly key: string;
  readonly seq: number;
  readonly hash: number;
}

/** @param run requests that are sorted together, up to 65,536 */
export function requestWriter(db: DatabaseSync, run = RUN): RequestWriter {
  const insert = db.prepare(
    'INSERT INTO requests (seq, key, fingerprint, answer, position, at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const bySeq = db.prepare('SELECT key, fingerprint, answer, position FROM requests WHERE seq = ?');
  const byHash = db.prepare(
    `SELECT key, fingerprint, answer, position FROM request_index JOIN requests USING (seq) WHERE hash = ? AND key = ?`,
  );
  const insertIndex = db.prepare('INSERT OR IGNORE INTO request_index (hash, seq) VALUES (?, ?)');
  const deleteIndex = db.prepare('DELETE FROM request_index WHERE hash = ? AND seq = ?');
  const setWatermark = db.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)');
  const oldest = db.prepare('SELECT seq, key, at FROM requests ORDER BY seq LIMIT ?');
  const deleteRows = db.prepare('DELETE FROM requests WHERE seq <= ?');

  const watermark = Number(db.prepare('SELECT value FROM meta WHERE name = ?').get(REQUESTS_INDEXED)?.value ?? 0);
  /** Requests that are not indexed yet, oldest first. */
  const unindexed = new Map<string, Unindexed>();
  for (const row of db.prepare('SELECT seq, key FROM requests WHERE seq > ? ORDER BY seq').iterate(watermark)) {
    const key = String(row.key);
    unindexed.set(key, { key, seq: Number(row.seq), hash: requestHash(key) });
  }
  /** No number is used twice, even after all rows are dropped: the watermark would hide the new request. */
  let lastSeq = Math.max(watermark, [...unindexed.values()].at(-1)?.seq ?? 0);
  /** Keys that the current transaction has remembered. */
  let added: string[] = [];
  /**
   * The run that is being indexed, sorted; `at` is the next request, `from` was the next one before this transaction.
   */
  let moving: { readonly entries: readonly Unindexed[]; from: number; at: number } | undefined;

  const startRun = (): void => {
    const entries = [...unindexed.values()].slice(0, run);
    moving = { entries: inOrderOfHash(entries), from: 0, at: 0 };
  };

  const endRun = (): void => {
    for (const { key, seq } of moving?.entries ?? []) if (unindexed.get(key)?.seq === seq) unindexed.delete(key);
    moving = undefined;
  };

  /** The last key and its hash: a request is looked up just before it is remembered. */
  let asked = { key: '', hash: requestHash('') };
  const hashFor = (key: string): number => {
    if (asked.key !== key) asked = { key, hash: requestHash(key) };
    return asked.hash;
  };

  return {
    find(key) {
      const recent = unindexed.get(key);
      const row = recent === undefined ? byHash.get(hashFor(key), key) : bySeq.get(recent.seq);
      return row === undefined ? undefined : ({ ...row } as unknown as RequestRow);
    },

    remember({ key, fingerprint, answer }, position) {
      lastSeq += 1;
      insert.run(lastSeq, key, fingerprint, answer, position, Date.now());
      unindexed.set(key, { key, seq: lastSeq, hash: hashFor(key) });
      added.push(key);
    },

    indexSome() {
      if (moving === undefined || added.length === 0) return;
      const end = Math.min(moving.entries.length, moving.at + INDEXED_EACH * added.length);
      // A request may have been forgotten meanwhile.
      for (const { key, hash, seq } of moving.entries.slice(moving.at, end))
        if (unindexed.get(key)?.seq === seq) insertIndex.run(hash, seq);
      moving.at = end;
      if (end === moving.entries.length) setWatermark.run(REQUESTS_INDEXED, String(newestOf(moving.entries)));
    },

    committed() {
      added = [];
      if (moving !== undefined) moving.from = moving.at;
      if (moving?.at === moving?.entries.length) endRun();
      // Only committed requests are indexed: after a rollback their numbers are used again, and would count as indexed.
      if (moving === undefined && unindexed.size >= run) startRun();
    },

    rolledBack() {
      for (const key of added) unindexed.delete(key);
      lastSeq -= added.length;
      added = [];
      if (moving !== undefined) moving.at = moving.from;
    },

    forget(at, limit) {
      const old = oldest.all(limit).filter((row) => Number(row.at) < at);
      const last = old.at(-1);
      if (last === undefined) return 0;
      db.exec('BEGIN IMMEDIATE');
      try {
        for (const { key, seq } of old) deleteIndex.run(requestHash(String(key)), Number(seq));
        deleteRows.run(Number(last.seq));
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
      for (const { key } of old) unindexed.delete(String(key));
      return old.length;
    },
  };
}

/** Sorts by the leading 32 bits of the hash, which is quick and close enough to the order of the index. */
function inOrderOfHash(entries: readonly Unindexed[]): Unindexed[] {
  const packed = Float64Array.from(entries, ({ hash }, place) => Math.floor(hash / 0x10000) * 0x10000 + place).sort();
  return Array.from(packed, (value) => entries[value % 0x10000] as Unindexed);
}

function newestOf(entries: readonly Unindexed[]): number {
  return entries.reduce((newest, { seq }) => Math.max(newest, seq), 0);
}
