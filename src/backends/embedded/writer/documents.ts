/** Collections: a table for each generation of each, with a key and a sort column for each declared index. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import type {
  CheckpointRow,
  CollectionOp,
  CollectionPlace,
  CollectionShape,
  DocumentChange,
  DocumentsOp,
} from '../protocol.ts';
import { tableOf } from '../schema.ts';

/** The name with which a lost compare-and-set on a checkpoint travels to the caller. */
class CheckpointMoved extends Error {
  override readonly name = 'CheckpointLost';
}

export interface DocumentWriter {
  write(op: DocumentsOp): void;
  collection(op: CollectionOp): unknown;
  /** Where all of them stand. */
  checkpoints(): [name: string, position: number][];
  /** What was committed since the last call. */
  changed(): Changed;
  /** What was changed in the transaction is there to stay. */
  committed(): void;
  /** Forgets what was changed in a transaction that was rolled back; what was committed before it stays. */
  rolledBack(): void;
}

interface Changed {
  readonly checkpoints: [string, number][];
  readonly changes: DocumentChange[];
  readonly places: CollectionPlace[];
}

const nothing = (): Changed => ({ checkpoints: [], changes: [], places: [] });

interface TableStatements {
  readonly put: StatementSync;
  readonly bury: StatementSync;
}

export function documentWriter(db: DatabaseSync): DocumentWriter {
  const findPlace = db.prepare(
    'SELECT name, serving, version AS servingVersion, shadow FROM collections WHERE name = ?',
  );
  const insertPlace = db.prepare('INSERT INTO collections (name, serving, version, shadow) VALUES (?, ?, ?, NULL)');
  const setShadow = db.prepare('UPDATE collections SET shadow = ? WHERE name = ?');
  const promote = db.prepare('UPDATE collections SET serving = shadow, version = ?, shadow = NULL WHERE name = ?');
  const readCheckpoint = db.prepare('SELECT position FROM checkpoints WHERE name = ?');
  const readCheckpoints = db.prepare('SELECT name, position FROM checkpoints');
  const setCheckpoint = db.prepare(
    'INSERT INTO checkpoints (name, position) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position',
  );
  const dropCheckpoint = db.prepare('DELETE FROM checkpoints WHERE name = ?');

  const statements = new Map<string, TableStatements>();
  const places = new Map<string, CollectionPlace>();
  const watched = new Set<string>();
  /** Of the transaction at hand. */
  let changed = nothing();
  let committed = nothing();

  const statementsOf = (table: string, indexes: readonly string[]): TableStatements => {
    let known = statements.get(table);
    if (known === undefined) {
      known = { put: db.prepare(putSql(table, indexes)), bury: db.prepare(burySql(table, indexes)) };
      statements.set(table, known);
    }
    return known;
  };

  const placeOf = (shape: CollectionShape): CollectionPlace => {
    const known = places.get(shape.name) ?? (findPlace.get(shape.name) as CollectionPlace | undefined);
    if (known !== undefined) {
      places.set(shape.name, { ...known });
      return { ...known };
    }
    db.exec(createSql(tableOf(shape.name, 1), shape.indexes));
    insertPlace.run(shape.name, 1, shape.version);
    return tell({ name: shape.name, serving: 1, servingVersion: shape.version, shadow: null });
  };

  const tell = (place: CollectionPlace): CollectionPlace => {
    places.set(place.name, place);
    changed.places.push(place);
    return place;
  };

  const moveCheckpoint = ({ name, from, to }: CheckpointRow): void => {
    const current = Number(readCheckpoint.get(name)?.position ?? 0);
    if (current !== from) throw new CheckpointMoved(`checkpoint ${name} stands at ${current}, not at ${from}`);
    setCheckpoint.run(name, to);
    changed.checkpoints.push([name, to]);
  };

  const startShadow = (shape: CollectionShape, checkpoint: string): CollectionPlace => {
    const place = placeOf(shape);
    if (place.shadow !== null) dropTable(place.name, place.shadow);
    const shadow = Math.max(place.serving, place.shadow ?? 0) + 1;
    db.exec(createSql(tableOf(shape.name, shadow), shape.indexes));
    setShadow.run(shadow, shape.name);
    dropCheckpoint.run(checkpoint);
    changed.checkpoints.push([checkpoint, 0]);
    return tell({ ...place, shadow });
  };

  const promoteShadow = (shape: CollectionShape, from: string, to: string): CollectionPlace => {
    const place = placeOf(shape);
    if (place.shadow === null) throw new Error(`collection ${shape.name} has no shadow to promote`);
    const position = Number(readCheckpoint.get(from)?.position ?? 0);
    promote.run(shape.version, shape.name);
    setCheckpoint.run(to, position);
    dropCheckpoint.run(from);
    dropTable(place.name, place.serving);
    changed.checkpoints.push([to, position]);
    return tell({ name: shape.name, serving: place.shadow, servingVersion: shape.version, shadow: null });
  };

  const dropTable = (name: string, generation: number): void => {
    statements.delete(tableOf(name, generation));
    db.exec(`DROP TABLE IF EXISTS ${tableOf(name, generation)}`);
  };

  return {
    write({ collection, puts, deletes, checkpoint }) {
      if (checkpoint !== undefined) moveCheckpoint(checkpoint);
      if (collection === undefined) return;
      const { shape, copy } = collection;
      const place = placeOf(shape);
      const generation = copy === 'serving' ? place.serving : place.shadow;
      if (generation === null) throw new Error(`collection ${shape.name} has no shadow`);
      const { put, bury } = statementsOf(tableOf(shape.name, generation), shape.indexes);
      const telling = copy === 'serving' && watched.has(shape.name);
      for (const row of puts) {
        put.run(row.id, row.position, row.document, ...row.keys, ...row.sorts);
        if (telling)
          changed.changes.push({ collection: shape.name, id: row.id, indexes: shape.indexes, keys: row.keys });
      }
      for (const { id, position } of deletes) {
        bury.run(id, position);
        if (telling) changed.changes.push({ collection: shape.name, id, indexes: [], keys: [] });
      }
    },

    collection(op) {
      switch (op.kind) {
        case 'openCollection':
          return placeOf(op.shape);
        case 'watchCollection':
          return void watched.add(op.name);
        case 'startShadow':
          return startShadow(op.shape, op.checkpoint);
        case 'promoteShadow':
          return promoteShadow(op.shape, op.from, op.to);
        default:
          return assertNever(op);
      }
    },

    checkpoints: () => readCheckpoints.all().map(({ name, position }) => [String(name), Number(position)]),

    changed() {
      const result = committed;
      committed = nothing();
      return result;
    },

    committed() {
      for (const checkpoint of changed.checkpoints) committed.checkpoints.push(checkpoint);
      for (const change of changed.changes) committed.changes.push(change);
      for (const place of changed.places) committed.places.push(place);
      changed = nothing();
    },

    rolledBack() {
      changed = nothing();
      places.clear();
      statements.clear();
    },
  };
}

const columnsOf = (indexes: readonly string[]): string[] => [
  ...indexes.map((name) => `k_${name}`),
  ...indexes.map((name) => `s_${name}`),
];

function createSql(table: string, indexes: readonly string[]): string {
  const columns = columnsOf(indexes).map((name) => `, ${name} TEXT`);
  const create = `CREATE TABLE ${table} (id TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL${columns.join('')}) STRICT;`;
  const keys = indexes.map(
    (name) => `CREATE INDEX ${table}_${name} ON ${table} (k_${name}, s_${name}, id) WHERE k_${name} IS NOT NULL;`,
  );
  return [create, ...keys].join('\n');
}

/** At or below the position that the id has, be it a document's or a grave's, a write changes nothing. */
const guardOf = (table: string): string => `WHERE excluded.position > ${table}.position`;

function putSql(table: string, indexes: readonly string[]): string {
  const columns = ['id', 'position', 'document', ...columnsOf(indexes)];
  const updates = columns.slice(1).map((name) => `${name} = excluded.${name}`);
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (id) DO UPDATE SET ${updates.join(', ')} ${guardOf(table)}`;
}

/** What was deleted leaves its position behind, with an empty text for a document and no keys. */
function burySql(table: string, indexes: readonly string[]): string {
  const updates = columnsOf(indexes).map((name) => `, ${name} = NULL`);
  return `INSERT INTO ${table} (id, position, document) VALUES (?, ?, '')
    ON CONFLICT (id) DO UPDATE SET position = excluded.position, document = ''${updates.join('')} ${guardOf(table)}`;
}
