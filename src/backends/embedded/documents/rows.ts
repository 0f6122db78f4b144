/** Translates between documents and the rows that store them. */
import { positionOf } from '../../../domain/position.ts';
import type { Collection, CopyMove, Deletion, Stored } from '../../../ports/documents.ts';
import type { CheckpointRow, DeleteRow, PutRow } from '../protocol.ts';

export interface DocumentRow {
  readonly id: string;
  readonly position: number;
  /** JSON text; empty: the document was deleted. */
  readonly document: string;
}

export function storedOf<T>(row: DocumentRow): Stored<T> {
  return { id: row.id, position: positionOf(row.position), document: JSON.parse(row.document) as T };
}

export function putRow<T>(collection: Collection<T>, { id, position, document }: Stored<T>): PutRow {
  const indexes = Object.values(collection.indexes);
  return {
    id: asStored(id),
    position: Number(position),
    document: JSON.stringify(document),
    keys: indexes.map(({ key }) => {
      const found = key(document);
      return found === undefined ? null : asStored(found);
    }),
    sorts: indexes.map(({ sort }) => asStored(sort?.(document) ?? '')),
  };
}

export function deleteRow({ id, position }: Deletion): DeleteRow {
  return { id: asStored(id), position: Number(position) };
}

export function checkpointRow(name: string, { from, to, log, fence }: CopyMove): CheckpointRow {
  return {
    name,
    from: Number(from),
    to: Number(to),
    log,
    fence: fence === undefined ? undefined : Number(fence),
  };
}

/**
 * An id or key as the file holds it. UTF-8 has no lone surrogates, so texts that differ only in those are equal here,
 * too.
 */
export function asStored(text: string): string {
  return text.toWellFormed();
}
