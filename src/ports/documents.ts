/**
 * Read models: named collections of JSON documents. Each document has the position of its last change.
 *
 * Every read sees every write that was answered before, through any connection. It also sees everything up to each
 * position that `reached` or `checkpoint` has reported on any node: a terminal that has registered on one node can be
 * pushed to from another. This also holds after a swap of copies.
 *
 * A collection has copies, each with a generation number: one serves, another may be filled beside it. Each copy has
 * its own checkpoint, so swapping the copies also swaps the checkpoints, in one step, even on a store without
 * transactions. A replaced copy is dropped a while after the swap; until then a reader that does not know of the swap
 * still finds it.
 *
 * Ids and keys are any text. They are compared by their characters and ordered by their code points. A lone surrogate
 * counts as U+FFFD, as in stream names, and is returned as U+FFFD in an id. In a document it stays as it is.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
 */
import type { Position } from '../domain/position.ts';

/** A declared way to find documents. */
export interface IndexDefinition<T> {
  /** The key by which the document is found; `undefined` keeps it out of the index. */
  readonly key: (document: T) => string | undefined;
  /** Orders documents of the same key. If it is absent, or equal, they are ordered by id. */
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
  /** Readers share it, so it must not be changed in place. */
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
  /** `next` of the previous page. */
  readonly cursor?: string | undefined;
}

export interface Page<T> {
  readonly items: readonly Stored<T>[];
  /** Cursor of the next page; absent on the last one. */
  readonly next?: string;
}

/** A move of a copy's checkpoint. */
export interface CopyMove {
  /** The position at which the caller expects the checkpoint; `START` before the first move. */
  readonly from: Position;
  /** Never below `from`. */
  readonly to: Position;
  /** The log in which the positions are counted (`EventLog.id`). Stored with the checkpoint. */
  readonly log: string;
  /**
   * The token of the lease that the caller works under, if any. It is stored as well, and a move with an older token is
   * refused. All callers that move one checkpoint with a token must work under the same lease.
   */
  readonly fence?: bigint | undefined;
}

/** A move of a checkpoint that belongs to no collection. */
export interface CheckpointMove extends CopyMove {
  /** Name of a process manager: letters, digits and `-`. No collection may have the same name. */
  readonly name: string;
}

export interface Deletion {
  readonly id: string;
  /** Position of the event that deletes the document. */
  readonly position: Position;
}

export interface WriteBatch<T> {
  readonly puts?: readonly Stored<T>[];
  readonly deletes?: readonly Deletion[];
  readonly checkpoint?: CopyMove;
}

/**
 * A token for one copy of a collection. A write or promotion with it is refused once the copy has been replaced, and
 * also if another release has built the copy.
 */
export interface Copy {
  readonly collection: string;
  /** The version of the collection that the copy was built for. */
  readonly version: number;
  /** Grows with every copy of the collection. */
  readonly generation: number;
}

/** The largest number of documents that a lookup of many keys returns. */
export interface KeyLimits {
  /** For each key. */
  readonly each: number;
  /**
   * For all keys together. Keys are looked up in the given order; once this many documents are found, the rest is left
   * out. A caller that gets exactly this many does not know whether there are more.
   */
  readonly total: number;
}

/**
 * `get`, `find`, `findByKeys`, and `getMany` and `write` without a copy, use the serving copy.
 * @throws CopyOfAnotherVersion if the serving copy has another version than the caller's `Collection`. So no missing
 * index is searched, and no document of another shape is read or written
 */
export interface Documents {
  get<T>(collection: Collection<T>, id: string): Promise<Stored<T> | undefined>;

  /** Returns the existing documents, by id. At most 5000 ids. @throws StaleCopy if the copy does not exist any more */
  getMany<T>(collection: Collection<T>, ids: readonly string[], copy?: Copy): Promise<ReadonlyMap<string, Stored<T>>>;

  find<T>(collection: Collection<T>, options: FindOptions): Promise<Page<T>>;

  /**
   * Returns, for each key, the documents that have it, in the index's order. Keys without documents are left out. At
   * most 1000 keys. A document has one key in an index, so no document is found twice.
   */
  findByKeys<T>(
    collection: Collection<T>,
    index: string,
    keys: readonly string[],
    limits: KeyLimits,
  ): Promise<ReadonlyMap<string, readonly Stored<T>[]>>;

  /**
   * Puts, deletes and the checkpoint take effect together. If the store can't do that, a crash between them must be
   * harmless: the checkpoint moves last, and each document is guarded by its position. A put or a delete changes
   * nothing if the stored document has the same or a higher position, and a deleted id keeps the position of its
   * deletion. So a runner that replays old events, or is late, neither brings an older document back nor removes a
   * newer one. At most 5000 puts and deletes together: one event may change as many documents, since a message has up
   * to 5000 targets.
   * @param copy the copy to write; without it, the serving copy
   * @throws StaleCopy: nothing has changed. CheckpointLost, CheckpointOfAnotherLog: the checkpoint has not moved, but
   * puts and deletes may have taken effect. That is harmless, since they are guarded and the runner that has the
   * checkpoint makes the same documents at these positions. StoreUnavailable: any part may have taken effect, or may
   * still do so
   */
  write<T>(collection: Collection<T>, batch: WriteBatch<T>, copy?: Copy): Promise<void>;

  /**
   * Moves a checkpoint that belongs to no collection.
   * @throws CheckpointLost, CheckpointOfAnotherLog; the checkpoint has not moved
   */
  moveCheckpoint(move: CheckpointMove): Promise<void>;

  /**
   * Returns the position of a checkpoint; `START` if it was never moved.
   * @param of the name of a process manager or of a collection (its serving copy), or a copy
   * @param log the log that the caller will go on with, if given
   * @throws CheckpointOfAnotherLog if the checkpoint counts positions of another log than `log`
   */
  checkpoint(of: string | Copy, log?: string): Promise<Position>;

  /**
   * Waits until the checkpoint has reached the position. If the store must be polled, one poller for each name serves
   * all waiters.
   * @param name the name of a process manager or of a collection (its serving copy). Once the position is reached it
   * stays reached: copies are swapped only if the new one is as far as the old one
   * @returns whether the position was reached within `timeoutMs`; false also if the store does not answer
   */
  reached(name: string, position: Position, timeoutMs: number): Promise<boolean>;

  /**
   * Returns the serving copy, which may have any version. If there is none, makes an empty one of the collection's
   * version.
   */
  serving<T>(collection: Collection<T>): Promise<Copy>;

  /**
   * Starts an empty copy beside the serving one: a shadow. An earlier shadow that was not promoted is stale from now
   * on.
   */
  startShadow<T>(collection: Collection<T>): Promise<Copy>;

  /**
   * Makes a shadow the serving copy, together with its checkpoint. The same step checks that the shadow's checkpoint is
   * not behind that of the serving copy. (If the two count positions of different logs they can't be compared, and the
   * check passes.) Does nothing if the copy serves already, so a promotion whose answer was lost may be repeated.
   * @throws ShadowBehind, StaleCopy; nothing has changed
   */
  promoteShadow<T>(collection: Collection<T>, shadow: Copy): Promise<void>;
}
