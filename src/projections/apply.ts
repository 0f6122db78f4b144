/** Folds batches of events into the documents that they change, and writes documents and checkpoint together. */
import type { UmsEvent } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import type { Copy, Documents, Stored } from '../ports/documents.ts';
import type { TakeBatch } from '../ports/eventsourcing/subscription.ts';
import { foldPiece, idsToLoad, type Piece, piecesOf } from './fold.ts';
import type { Projection } from './projection.ts';
import { recentDocuments } from './recent-documents.ts';

/** The copy that a projection writes, and the parameters of the moves of its checkpoint. */
export interface Target {
  readonly documents: Documents;
  readonly copy: Copy;
  /** `EventLog.id` */
  readonly log: string;
  readonly fence?: bigint | undefined;
  /** The largest number of documents in a write. A single event that changes more is still written at once. */
  readonly largestWrite: number;
}

/**
 * Applies the batches of one run over the log, in order, until one fails. It does not read its own writes again. That
 * is safe because another writer of this copy would also move its checkpoint, and then the next write here is refused.
 */
export function batchApplier<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { documents, copy, log, fence, largestWrite }: Target,
): TakeBatch<E> {
  const { collection } = projection;
  const recent = recentDocuments<T>();

  const load = async (ids: Iterable<string>): Promise<ReadonlyMap<string, Stored<T>>> => {
    const known = new Map<string, Stored<T>>();
    const unknown: string[] = [];
    for (const id of ids) {
      const stored = recent.get(id);
      if (stored === undefined) unknown.push(id);
      else known.set(id, stored);
    }
    if (unknown.length === 0) return known;
    for (const [id, stored] of await documents.getMany(collection, unknown, copy)) known.set(id, stored);
    return known;
  };

  const apply = async (piece: Piece<E>, from: Position): Promise<Position> => {
    const known = await load(idsToLoad(projection, piece));
    const { puts, deletes, last, poison } = foldPiece(projection, piece, known);
    if (last !== undefined) {
      await documents.write(collection, { puts, deletes, checkpoint: { from, to: last, log, fence } }, copy);
      recent.written(puts, deletes);
    }
    if (poison !== undefined) throw poison;
    return last ?? from;
  };

  return async (events, from, signal) => {
    let position = from;
    for (const piece of piecesOf(projection, events, largestWrite)) {
      position = await apply(piece, position);
      if (signal.aborted) break;
    }
    return position;
  };
}
