/**
 * Read models: named collections of JSON documents, each document with the position that it was last changed at.
 *
 * Every read sees every write that was answered before, whoever made it through whichever connection, and everything up
 * to a position that `reached` or `checkpoint` has told of, here or there: who has registered on one node is pushed to
 * from another. @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
 *
 * Ids and keys are any text. They are compared by their characters and ordered by their code points; a lone surrogate
 * counts as U+FFFD, as in stream names, and comes back as that from an id. In a document it stays what it is.
 */
import type { Position } from '../domain/position.ts';

/** A declared way to find documents. */
export interface IndexDefinition<T> {
  /** What the document is found by; `undefined` keeps it out of the index. */
  readonly key: (document: T) => string | undefined;
  /** Orders documents of one key; by id where absent or equal. */
  readonly sort?: (document: T) => string;
}

export interface Collection<T> {
  /** Lowercase letters, digits and `_`. */
  readonly name: string;
  /** Grows with every change of the documents' shape or of the indexes; an older copy is then rebuilt. */
  readonly version: number;
  readonly indexes: Readonly<Record<string, IndexDefinition<T>>>;
}

export interface Stored<T> {
  readonly id: string;
  readonly position: Position;
  /** Shared between readers: never changed in place. */
  readonly document: Readonly<T>;
}

export interface FindOptions {
  readonly index: string;
  /** Documents of exactly this key. */
  readonly key?: string;
  /** Instead of `key`: documents with keys at or below this one, in key order. */
  readonly upTo?: string;
  readonly direction?: 'ascending' | 'descending';
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly Stored<T>[];
  /** Where the next page starts; absent on the last one. */
  readonly next?: string;
}

export interface CheckpointMove {
  /** Whose checkpoint: a projection's or a process manager's name. */
  readonly name: string;
  /** Where the caller believes it stands; `START` before the first. */
  readonly from: Position;
  /** Never below `from`. */
  readonly to: Position;
}

export interface Deletion {
  readonly id: string;
  /** Of the event that it is deleted by. */
  readonly position: Position;
}

export interface WriteBatch<T> {
  readonly puts?: readonly Stored<T>[];
  readonly deletes?: readonly Deletion[];
  readonly checkpoint?: CheckpointMove;
}

/**
 * The checkpoint stands elsewhere than the caller believed: another runner has moved it, or an earlier write of the
 * caller's whose answer never came. Who reads it again may go on from there.
 */
export class CheckpointLost extends Error {
  override readonly name = 'CheckpointLost';
}

/** Which copy of a collection: the one that serves, or the one that a rebuild fills beside it. */
export type Copy = 'serving' | 'shadow';

export interface Documents {
  get<T>(collection: Collection<T>, id: string): Promise<Stored<T> | undefined>;

  /** Those that exist, by id. At most 5000 ids. */
  getMany<T>(collection: Collection<T>, ids: readonly string[], copy?: Copy): Promise<ReadonlyMap<string, Stored<T>>>;

  find<T>(collection: Collection<T>, options: FindOptions): Promise<Page<T>>;

  /**
   * For each key the documents that have it, in the index's order, `limit` for each key at most. Keys without one are
   * left out. At most 1000 keys.
   */
  findByKeys<T>(
    collection: Collection<T>,
    index: string,
    keys: readonly string[],
    limit: number,
  ): Promise<ReadonlyMap<string, readonly Stored<T>[]>>;

  /**
   * Puts, deletes and the checkpoint take effect together or, where the store can't, so that a crash between them is
   * harmless: the checkpoint last, and each document guarded by its position. A put or a delete at or below the position
   * of what is stored changes nothing, and an id that was deleted keeps the position of that: who replays old events, or
   * comes late, neither brings an older document back nor removes a newer one. At most 5000 puts and deletes together: as
   * many as one event may change, for a message has so many targets at most.
   * @throws CheckpointLost: the checkpoint stands where it stood. Puts and deletes may have taken effect all the same,
   * under their guards, which is harmless: who holds the checkpoint comes to the same documents at these positions.
   * StoreUnavailable: any part of it may have taken effect, or still will
   */
  write<T>(collection: Collection<T>, batch: WriteBatch<T>, copy?: Copy): Promise<void>;

  /** Moves a checkpoint that goes with no collection. @throws CheckpointLost, and it stands where it stood */
  moveCheckpoint(move: CheckpointMove): Promise<void>;

  /** Where a checkpoint stands, `START` if it was never moved. */
  checkpoint(name: string): Promise<Position>;

  /**
   * Waits until the checkpoint stands at or beyond the position.
   * @returns whether it got there within `timeoutMs`; false also when the store does not tell
   */
  reached(name: string, position: Position, timeoutMs: number): Promise<boolean>;

  /** The version of the copy that serves; opens an empty one at the collection's version if there is none. */
  servedVersion<T>(collection: Collection<T>): Promise<number>;

  /** Starts an empty shadow of a collection and drops an unfinished one. Its checkpoint is `shadowCheckpoint` of its name. */
  startShadow<T>(collection: Collection<T>): Promise<void>;

  /**
   * Swaps the shadow in, with its checkpoint as that of `name`; drops the old copy. One step, also for who is killed in it:
   * never does one copy serve with the other's checkpoint, which would leave out events or fold them twice.
   */
  promoteShadow<T>(collection: Collection<T>, name: string): Promise<void>;
}

/** The checkpoint of the shadow copy of a collection of that name. */
export function shadowCheckpoint(collection: string): string {
  return `${collection}~shadow`;
}
