/** The SQLite file: its tables, and how connections to it are opened. */
import { hash, randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { NewerFile } from '../../ports/errors.ts';

const SCHEMA_VERSION = 3;

const tables = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS events (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  revision INTEGER NOT NULL,
  type TEXT NOT NULL,
  id TEXT NOT NULL,
  metadata TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream, revision);

CREATE TABLE IF NOT EXISTS requests (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  answer TEXT NOT NULL,
  position INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS request_index (
  hash INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (hash, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS checkpoints (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  log TEXT NOT NULL,
  fence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS collections (
  name TEXT PRIMARY KEY,
  serving INTEGER NOT NULL,
  version INTEGER NOT NULL,
  shadow INTEGER,
  shadow_version INTEGER,
  newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS retired_copies (
  collection TEXT NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY (collection, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, token INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS jobs (
  seq INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT NOT NULL,
  run_at INTEGER NOT NULL,
  delay_ms INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL,
  base_ms INTEGER NOT NULL,
  cap_ms INTEGER NOT NULL,
  dead_at INTEGER,
  reason TEXT,
  UNIQUE (queue, id)
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_to_run ON jobs (queue, run_at, seq) WHERE dead_at IS NULL;
CREATE INDEX IF NOT EXISTS jobs_dead ON jobs (queue, dead_at, id) WHERE dead_at IS NOT NULL;
`;

/** Version 1 indexed the keys of requests themselves, not their hashes. */
function fromVersion1(db: DatabaseSync): void {
  db.function('request_hash', { deterministic: true }, (key) => requestHash(String(key)));
  db.exec(`
    INSERT INTO requests SELECT * FROM requests_1;
    INSERT INTO request_index SELECT request_hash(key), seq FROM requests ORDER BY 1;
    INSERT INTO meta SELECT '${REQUESTS_INDEXED}', coalesce(max(seq), 0) FROM requests;
    DROP TABLE requests_1;
  `);
}

/**
 * Before version 3 a row did not say how far off its due time may be, and rounds were counted here, not in the stream.
 */
function jobsFromVersion2(db: DatabaseSync): void {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'jobs'").get() === undefined) return;
  db.exec(`
    ALTER TABLE jobs ADD COLUMN delay_ms INTEGER NOT NULL DEFAULT 0;
    UPDATE jobs SET delay_ms = cap_ms;
    ALTER TABLE jobs DROP COLUMN redrives;
    DROP INDEX jobs_dead;
  `);
}

/** The tables of checkpoints and collections as version 2 had them. Early files of version 1 may lack them. */
const tablesOf2 = `
CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS collections (
  name TEXT PRIMARY KEY, serving INTEGER NOT NULL, version INTEGER NOT NULL, shadow INTEGER
) STRICT, WITHOUT ROWID`;

/** Up to version 2 a checkpoint had the name of its collection, not of one copy, and did not name its log. */
function copiesFromVersion2(db: DatabaseSync): void {
  db.exec(`
    INSERT INTO collections (name, serving, version, newest)
      SELECT name, serving, version, max(serving, coalesce(shadow, 0)) FROM collections_2;
    INSERT INTO retired_copies SELECT name, shadow FROM collections_2 WHERE shadow IS NOT NULL;
    INSERT INTO checkpoints (name, position, log)
      SELECT coalesce(${checkpointOf('c.name', 'c.serving')}, k.name), k.position, m.value
      FROM checkpoints_2 k LEFT JOIN collections c ON c.name = k.name JOIN meta m ON m.name = '${LOG_ID}'
      WHERE k.name NOT LIKE '%~shadow';
    DROP TABLE collections_2;
    DROP TABLE checkpoints_2;
  `);
}

/** At this many pages in the write-ahead log a commit copies them itself: `wal-checkpoints.ts` has failed to. */
const LATE_CHECKPOINT_PAGES = 32_768;

/** A connection that only moves pages from the write-ahead log into the file. */
export function openCheckpointer(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = FULL');
  return db;
}

/**
 * Opens the only connection that writes. An answered commit survives `kill -9` and power loss (WAL, synchronous=FULL).
 */
export function openWriter(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = ${LATE_CHECKPOINT_PAGES};
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -16384;
    PRAGMA temp_store = MEMORY;
  `);
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > SCHEMA_VERSION) throw newerFile(file, version);
  db.exec('BEGIN IMMEDIATE');
  if (version === 1) db.exec('ALTER TABLE requests RENAME TO requests_1');
  const isBefore3 = version === 1 || version === 2;
  if (isBefore3) {
    jobsFromVersion2(db);
    db.exec(`${tablesOf2};
      ALTER TABLE checkpoints RENAME TO checkpoints_2; ALTER TABLE collections RENAME TO collections_2`);
  }
  db.exec(tables);
  db.prepare('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)').run(LOG_ID, randomUUID());
  if (version === 1) fromVersion1(db);
  if (isBefore3) copiesFromVersion2(db);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`);
  return db;
}

function newerFile(file: string, version: number): Error {
  const known = `schema ${version}, this one knows ${SCHEMA_VERSION}`;
  return new NewerFile(`${file} was written by a newer release (${known})`);
}

/** Name of the row in `meta` that holds the id of the event log. */
export const LOG_ID = 'log-id';

/** Name of the row in `meta` with a number: requests up to that one are in `request_index`. */
export const REQUESTS_INDEXED = 'requests-indexed';

/**
 * The 48-bit hash that a request is indexed by. Two keys may share one, so the key itself has to be compared as well.
 */
export function requestHash(key: string): number {
  return Number.parseInt(hash('sha256', key).slice(0, 12), 16);
}

/** The name of a copy's checkpoint. */
export function copyCheckpoint(collection: string, generation: number): string {
  return `${collection}~${generation}`;
}

/** The same as an SQL expression; NULL if the collection is NULL. */
export function checkpointOf(collection: string, generation: string): string {
  return `${collection} || '~' || ${generation}`;
}

/** The table of one generation of a collection. */
export function tableOf(collection: string, generation: number): string {
  return `doc_${collection}_${generation}`;
}
