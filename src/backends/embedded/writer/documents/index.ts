/** Writes documents, checkpoints and copies, and reports the changes that became visible. */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../../domain/decider.ts';
import type {
  CollectionOp,
  CollectionPlace,
  CollectionShape,
  DeleteRow,
  DocumentChange,
  DocumentsOp,
  PutRow,
} from '../../protocol.ts';
import { copyCheckpoint, tableOf } from '../../schema.ts';
import { checkpointTable } from './checkpoints.ts';
import { copyTable } from './copies.ts';
import { type TableStatements, writing } from './tables.ts';

export interface DocumentWriter {
  write(op: DocumentsOp): void;
  collection(op: CollectionOp): unknown;
  /** The positions of all checkpoints. */
  checkpoints(): [name: string, position: number][];
  /** The changes that were committed since the last call. */
  changed(): Changed;
  /** To be called after a commit: the changes of the transaction are permanent. */
  committed(): void;
  /** To be called after a rollback: drops the changes of that transaction, but none of earlier ones. */
  rolledBack(): void;
  /** Drops some rows of copies that were replaced a while ago. @returns whether there are more */
  dropRetired(): boolean;
}

interface Changed {
  readonly checkpoints: [string, number][];
  readonly changes: DocumentChange[];
  readonly places: CollectionPlace[];
}

const nothing = (): Changed => ({ checkpoints: [], changes: [], places: [] });

/** @param now the monotonic clock, in ms */
export function documentWriter(db: DatabaseSync, now: () => number = () => performance.now()): DocumentWriter {
  const statements = new Map<string, TableStatements>();
  const watched = new Set<string>();
  /** Changes of the current transaction. */
  let changed = nothing();
  let committed = nothing();

  const checkpoints = checkpointTable(db);
  const copies = copyTable(db, {
    checkpoints,
    onPlace: (place) => void changed.places.push(place),
    onDropped: (table) => void statements.delete(table),
    now,
  });

  const statementsOf = (table: string, indexes: readonly string[]): TableStatements => {
    const known = statements.get(table) ?? writing(db, table, indexes);
    statements.set(table, known);
    return known;
  };

  const writeRows = (
    { name, indexes }: CollectionShape,
    generation: number,
    { puts, deletes }: { puts: readonly PutRow[]; deletes: readonly DeleteRow[] },
    telling: boolean,
  ): void => {
    const { put, bury } = statementsOf(tableOf(name, generation), indexes);
    for (const { id, position, document, keys, sorts } of puts) {
      put.run(id, position, document, ...keys, ...sorts);
      if (telling) changed.changes.push({ collection: name, id, indexes, keys });
    }
    for (const { id, position } of deletes) {
      bury.run(id, position);
      if (telling) changed.changes.push({ collection: name, id, indexes: [], keys: [] });
    }
  };

  const promote = (op: Extract<CollectionOp, { kind: 'promoteShadow' }>): CollectionPlace => {
    const place = copies.promoteShadow(op.shape, op.shadow);
    const { name, serving } = place;
    changed.checkpoints.push([name, checkpoints.standing(copyCheckpoint(name, serving)).position]);
    return place;
  };

  return {
    write({ collection, puts, deletes, checkpoint }) {
      if (collection === undefined) {
        if (checkpoint === undefined) return;
        checkpoints.move(checkpoint.name, checkpoint);
        changed.checkpoints.push([checkpoint.name, checkpoint.to]);
        return;
      }
      const { shape, copy } = collection;
      const { generation } = copies.writable(shape, copy);
      const isServing = copies.placeOf(shape).serving === generation;
      if (checkpoint !== undefined) {
        checkpoints.move(copyCheckpoint(shape.name, generation), checkpoint);
        if (isServing) changed.checkpoints.push([shape.name, checkpoint.to]);
      }
      writeRows(shape, generation, { puts, deletes }, isServing && watched.has(shape.name));
    },

    collection(op) {
      switch (op.kind) {
        case 'openCollection':
          return copies.placeOf(op.shape);
        case 'watchCollection':
          return void watched.add(op.name);
        case 'startShadow':
          return copies.startShadow(op.shape);
        case 'promoteShadow':
          return promote(op);
        default:
          return assertNever(op);
      }
    },

    checkpoints: checkpoints.all,

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
      copies.rolledBack();
      statements.clear();
    },

    dropRetired: copies.dropRetired,
  };
}
