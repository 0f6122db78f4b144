/**
 * Read models: named collections of JSON documents, each document with the position that it was last changed at.
 *
 * Every read sees every write that was answered before, whichever connection made it, and everything up to a position that
 * `reached` or `checkpoint` has told of, on any node: a terminal that has registered on one node can be pushed to from
 * another. A swap of copies takes nothing of that back. @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`),
 * reads too
 *
 * A collection has copies, each a generation: one serves, another may be filled beside it. Each copy has a checkpoint of its
 * own, so that swapping the copies swaps the checkpoints: one step on any store, also where a store has no transactions. A
 * copy that has served goes a while after the swap; until then a reader that has not heard of the swap still finds it.
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

/** A move of the checkpoint of a copy. */
export interface CopyMove {
  /** Where the caller believes it stands; `START` before the first. */
  readonly from: Position;
  /** Never below `from`. */
  readonly to: Position;
  /** The log that the positions are of (`EventLog.id`). Kept with the checkpoint. */
  readonly log: string;
  /**
   * The token of the lease that the caller works under, if any. Kept as well: a move with an older one is refused. All that
   * move a checkpoint with one work under the same lease.
   */
  readonly fence?: bigint | undefined;
}

/** A move of a checkpoint that goes with no collection. */
export interface CheckpointMove extends CopyMove {
  /** Of a process manager: letters, digits and `-`. No collection has it. */
  readonly name: string;
}

export interface Deletion {
  readonly id: string;
  /** Of the event that it is deleted by. */
  readonly position: Position;
}

export interface WriteBatch<T> {
  readonly puts?: readonly Stored<T>[];
  readonly deletes?: readonly Deletion[];
  readonly checkpoint?: CopyMove;
}

/**
 * One copy of a collection, as a token: what a holder does with a copy that has been replaced, or that another release has
 * built, is refused.
 */
export interface Copy {
  readonly collection: string;
  /** The version of the collection that the copy was built for. */
  readonly version: number;
  /** Grows with every copy of the collection. */
  readonly generation: number;
}

/** How many documents a lookup of many keys finds at most. */
export interface KeyLimits {
  /** Of each key. */
  readonly each: number;
  /**
   * Of all keys together. Keys have their turn in their order; once there are so many documents, the rest is left out. Who
   * finds exactly as many does not know whether there are more.
   */
  readonly total: number;
}

/**
 * `get`, `find`, `findByKeys`, and `getMany` and `write` without a copy, mean the copy that serves.
 * @throws CopyOfAnotherVersion when that is not of the version that the caller's `Collection` has: an index that it lacks is
 * not asked for, and no document of another shape is read or written
 */
export interface Documents {
  get<T>(collection: Collection<T>, id: string): Promise<Stored<T> | undefined>;

  /** Those that exist, by id. At most 5000 ids. @throws StaleCopy when there is no such copy any more */
  getMany<T>(collection: Collection<T>, ids: readonly string[], copy?: Copy): Promise<ReadonlyMap<string, Stored<T>>>;

  find<T>(collection: Collection<T>, options: FindOptions): Promise<Page<T>>;

  /**
   * For each key the documents that have it, in the index's order. Keys without one are left out. At most 1000 keys. A
   * document has one key in an index, so no document is found twice.
   */
  findByKeys<T>(
    collection: Collection<T>,
    index: string,
    keys: readonly string[],
    limits: KeyLimits,
  ): Promise<ReadonlyMap<string, readonly Stored<T>[]>>;

  /**
   * Puts, deletes and the checkpoint take effect together or, where the store can't, so that a crash between them is
   * harmless: the checkpoint last, and each document guarded by its position. A put or a delete at or below the position
   * of what is stored changes nothing, and an id that was deleted keeps the position of that: who replays old events, or
   * comes late, neither brings an older document back nor removes a newer one. At most 5000 puts and deletes together: as
   * many as one event may change, for a message has so many targets at most.
   * @param copy which copy; without one, that which serves
   * @throws StaleCopy, and nothing has changed. CheckpointLost: the checkpoint stands where it stood; puts and deletes may
   * have taken effect all the same, under their guards, which is harmless: the runner that holds the checkpoint makes the
   * same documents at these positions. CheckpointOfAnotherLog, likewise. StoreUnavailable: any part of it may have taken
   * effect, or still will
   */
  write<T>(collection: Collection<T>, batch: WriteBatch<T>, copy?: Copy): Promise<void>;

  /**
   * Moves a checkpoint that goes with no collection.
   * @throws CheckpointLost or CheckpointOfAnotherLog, and it stands where it stood
   */
  moveCheckpoint(move: CheckpointMove): Promise<void>;

  /**
   * Where a checkpoint stands, `START` if it was never moved.
   * @param of a process manager's name, a collection's name (the copy that serves), or a copy
   * @param log if given, the log that the caller goes on with. @throws CheckpointOfAnotherLog if the checkpoint is of another
   */
  checkpoint(of: string | Copy, log?: string): Promise<Position>;

  /**
   * Waits until the checkpoint stands at or beyond the position. A store that must be asked again and again is asked by one
   * poller for each name, however many wait.
   * @param name a process manager's, or a collection's, of which the copy that serves counts. Once true it stays true:
   * copies are swapped only where the new one stands as far as the old one
   * @returns whether it got there within `timeoutMs`; false also when the store does not tell
   */
  reached(name: string, position: Position, timeoutMs: number): Promise<boolean>;

  /** The copy that serves, of whatever version; opens an empty one at the collection's version if there is none. */
  serving<T>(collection: Collection<T>): Promise<Copy>;

  /** Starts an empty copy beside the one that serves. An earlier one that was not promoted is stale from now on. */
  startShadow<T>(collection: Collection<T>): Promise<Copy>;

  /**
   * Lets a copy serve that was filled beside the one that serves, with its checkpoint, in one step together with the check
   * that it stands at or beyond the checkpoint of the one that serves. (If that is of another log, nothing can be compared
   * and the copy serves.) Does nothing if it serves already: a promotion whose answer was not heard may be repeated.
   * @throws ShadowBehind, StaleCopy; nothing has changed
   */
  promoteShadow<T>(collection: Collection<T>, shadow: Copy): Promise<void>;
}
