/** The SQLite file: its tables, and how connections to it are opened. */
import { DatabaseSync } from 'node:sqlite';

const SCHEMA_VERSION = 1;

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
  key TEXT NOT NULL UNIQUE,
  fingerprint TEXT NOT NULL,
  answer TEXT NOT NULL,
  position INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;

CREATE TABLE IF NOT EXISTS checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS collections (
  name TEXT PRIMARY KEY,
  serving INTEGER NOT NULL,
  version INTEGER NOT NULL,
  shadow INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS jobs (
  seq INTEGER PRIMARY KEY,
  queue TEXT NOT NULL,
  id TEXT NOT NULL,
  data TEXT NOT NULL,
  run_at INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL,
  base_ms INTEGER NOT NULL,
  cap_ms INTEGER NOT NULL,
  redrives INTEGER NOT NULL DEFAULT 0,
  dead_at INTEGER,
  reason TEXT,
  UNIQUE (queue, id)
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_to_run ON jobs (queue, run_at, seq) WHERE dead_at IS NULL;
CREATE INDEX IF NOT EXISTS jobs_dead ON jobs (queue, dead_at, seq) WHERE dead_at IS NOT NULL;
`;

/** The one connection that writes. An answered commit survives `kill -9` and power loss (WAL, synchronous=FULL). */
export function openWriter(file: string): DatabaseSync {
  const db = new DatabaseSync(file);
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
  `);
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > SCHEMA_VERSION)
    throw new Error(`${file} was written by a newer release (schema ${version}, this one knows ${SCHEMA_VERSION})`);
  db.exec(tables);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  return db;
}

/** A connection that only reads; every statement sees all that was committed before it. */
export function openReader(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;');
  return db;
}

/** The table of one generation of a collection. */
export function tableOf(collection: string, generation: number): string {
  return `doc_${collection}_${generation}`;
}
