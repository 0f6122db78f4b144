/** Each copy of a collection has its own table, with a key column and a sort column for each declared index. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

export interface TableStatements {
  readonly put: StatementSync;
  readonly bury: StatementSync;
}

export function createTable(db: DatabaseSync, table: string, indexes: readonly string[]): void {
  const columns = columnsOf(indexes).map((name) => `, ${name} TEXT`);
  const create = `CREATE TABLE ${table} (id TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL${columns.join('')}) STRICT;`;
  const keys = indexes.map(
    (name) => `CREATE INDEX ${table}_${name} ON ${table} (k_${name}, s_${name}, id) WHERE k_${name} IS NOT NULL;`,
  );
  db.exec([create, ...keys].join('\n'));
}

export function writing(db: DatabaseSync, table: string, indexes: readonly string[]): TableStatements {
  return { put: db.prepare(putSql(table, indexes)), bury: db.prepare(burySql(table, indexes)) };
}

/** Drops a table bit by bit, so that no commit waits long. @returns whether it is gone */
export function dropSome(db: DatabaseSync, table: string, rows: number): boolean {
  const exists = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
  if (exists === undefined) return true;
  const { changes } = db.prepare(`DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} LIMIT ?)`).run(rows);
  if (Number(changes) === rows) return false;
  db.exec(`DROP TABLE ${table}`);
  return true;
}

const columnsOf = (indexes: readonly string[]): string[] => [
  ...indexes.map((name) => `k_${name}`),
  ...indexes.map((name) => `s_${name}`),
];

/** A write changes nothing if the id, of a document or of a deleted one, has the same or a higher position. */
const guardOf = (table: string): string => `WHERE excluded.position > ${table}.position`;

function putSql(table: string, indexes: readonly string[]): string {
  const columns = ['id', 'position', 'document', ...columnsOf(indexes)];
  const updates = columns.slice(1).map((name) => `${name} = excluded.${name}`);
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')} ${guardOf(table)}`;
}

/** A deleted document leaves a row with its position, an empty text and no keys. */
function burySql(table: string, indexes: readonly string[]): string {
  const updates = columnsOf(indexes).map((name) => `, ${name} = NULL`);
  return `INSERT INTO ${table} (id, position, document) VALUES (?, ?, '')
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, document = ''${updates.join('')} ${guardOf(table)}`;
}
