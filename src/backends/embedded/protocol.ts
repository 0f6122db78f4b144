/**
 * Messages between the threads and the writer thread. Everything is structured-cloneable; positions are plain numbers
 * here.
 */
import type { EncodedEvent } from '../../domain/codec.ts';
import type { CarriedError } from '../../ports/errors.ts';

export interface AppendOp {
  readonly kind: 'append';
  readonly stream: string;
  /** The expected revision; −1: the stream must not exist. */
  readonly expected: number;
  readonly events: readonly (EncodedEvent & { readonly id: string })[];
  readonly request?: { readonly key: string; readonly fingerprint: string; readonly answer: string } | undefined;
  readonly content?: { readonly id: string; readonly text: string } | undefined;
}

export interface RequestRow {
  readonly key: string;
  readonly fingerprint: string;
  readonly answer: string;
  readonly position: number;
}

export type AppendReply =
  | { readonly type: 'appended'; readonly revision: number; readonly position: number }
  | { readonly type: 'conflict'; readonly actual: number }
  | { readonly type: 'duplicateRequest'; readonly earlier: RequestRow };

/** The answer is the earlier record, if there is one. */
export interface RememberRequestOp {
  readonly kind: 'rememberRequest';
  readonly request: RequestRow;
}

export interface FindRequestOp {
  readonly kind: 'findRequest';
  readonly key: string;
}

export interface CollectionShape {
  readonly name: string;
  readonly version: number;
  readonly indexes: readonly string[];
}

export interface PutRow {
  readonly id: string;
  readonly position: number;
  /** JSON text. */
  readonly document: string;
  /** For each index, in the order of the shape: its key (null: not in the index) and its sort text. */
  readonly keys: readonly (string | null)[];
  readonly sorts: readonly string[];
}

export interface DeleteRow {
  readonly id: string;
  readonly position: number;
}

export interface CheckpointRow {
  /** Name of a checkpoint that belongs to no collection; otherwise empty. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly log: string;
  readonly fence: number | undefined;
}

/** A copy of a collection. */
export interface CopyRow {
  readonly generation: number;
  readonly version: number;
}

export interface DocumentsOp {
  readonly kind: 'documents';
  /** If `copy` is undefined, the serving copy is meant. */
  readonly collection?: { readonly shape: CollectionShape; readonly copy: CopyRow | undefined } | undefined;
  readonly puts: readonly PutRow[];
  readonly deletes: readonly DeleteRow[];
  readonly checkpoint?: CheckpointRow | undefined;
}

export interface AddedJob {
  readonly id: string;
  readonly queue: string;
  /** JSON text. */
  readonly data: string;
  readonly delayMs: number;
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

export interface TakenJob extends Omit<AddedJob, 'delayMs'> {
  /** Failed runs so far. */
  readonly failures: number;
}

interface OneJob {
  readonly queue: string;
  readonly id: string;
}

/** Times are durations, because each thread has its own monotonic clock. */
export type JobOp =
  | { readonly kind: 'addJobs'; readonly jobs: readonly AddedJob[] }
  /** `taker` names the consumer: its jobs are released when its connection ends. */
  | {
      readonly kind: 'takeJobs';
      readonly taker: string;
      readonly wants: readonly { readonly queue: string; readonly limit: number }[];
    }
  | ({ readonly kind: 'finishJob' } & OneJob)
  | ({ readonly kind: 'retryJob'; readonly delayMs: number } & OneJob)
  /** The job goes back to its place in the queue, or to the end. */
  | ({ readonly kind: 'releaseJob'; readonly to: 'place' | 'end' } & OneJob)
  | ({ readonly kind: 'buryJob'; readonly reason: string; readonly diedAt: number } & OneJob)
  | ({ readonly kind: 'redriveJob' } & OneJob)
  | ({ readonly kind: 'discardJob' } & OneJob)
  | { readonly kind: 'countJobs'; readonly queue: string }
  | { readonly kind: 'listQueues'; readonly prefix: string };

export interface TakeReply {
  readonly jobs: readonly TakenJob[];
  /** ms until the next delayed job of a queue is due, for each queue that gave fewer jobs than were wanted. */
  readonly nextInMs: readonly (readonly [queue: string, ms: number])[];
}

export type CollectionOp =
  | { readonly kind: 'openCollection'; readonly shape: CollectionShape }
  /** From now on all threads get notices of the collection's changes. */
  | { readonly kind: 'watchCollection'; readonly name: string }
  | { readonly kind: 'startShadow'; readonly shape: CollectionShape }
  | { readonly kind: 'promoteShadow'; readonly shape: CollectionShape; readonly shadow: CopyRow };

export type ContentOp =
  | { readonly kind: 'putContent'; readonly id: string; readonly text: string }
  | { readonly kind: 'deleteContent'; readonly id: string };

/** How long a lease is held without being renewed, in ms. */
export const LEASE_MS = 2_000;

export type LeaseOp =
  /** `holder` is a random text. The same holder may ask again and gets the same lease. */
  | { readonly kind: 'acquireLease'; readonly name: string; readonly holder: string }
  | { readonly kind: 'renewLease' | 'releaseLease'; readonly name: string; readonly token: number };

export type AcquireReply =
  | { readonly type: 'acquired'; readonly token: number }
  | { readonly type: 'held'; readonly leftMs: number };

export type Op =
  | AppendOp
  | RememberRequestOp
  | LeaseOp
  | FindRequestOp
  | DocumentsOp
  | JobOp
  | CollectionOp
  | ContentOp;

/** The generations of a collection's serving copy and of its shadow, which name their tables. */
export interface CollectionPlace {
  readonly name: string;
  readonly serving: number;
  readonly servingVersion: number;
  readonly shadow: number | null;
  readonly shadowVersion: number | null;
}

/**
 * The changes that became visible with a commit. Every thread gets it, no later than the replies to its own operations
 * of that commit.
 */
export interface Notice {
  readonly head: number;
  /** Checkpoints that moved. */
  readonly checkpoints: readonly (readonly [name: string, position: number])[];
  /** Queues that may have a job to take, now or after a delay. */
  readonly queues: readonly string[];
  readonly changes: readonly DocumentChange[];
  readonly places: readonly CollectionPlace[];
}

export interface DocumentChange {
  readonly collection: string;
  readonly id: string;
  readonly indexes: readonly string[];
  /** The document's new keys, in the order of `indexes`; none if it was deleted. */
  readonly keys: readonly (string | null)[];
}

export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: CarriedError };

export type ToWriter =
  | {
      readonly type: 'ops';
      readonly first: number;
      readonly ops: readonly Op[];
      /** The share of time, from 0 to 1, for which the sender was busy lately. It is sent now and then. */
      readonly busy?: number | undefined;
    }
  | { readonly type: 'leave' };

export type FromWriter =
  /** The first message on a connection. */
  | {
      readonly type: 'attached';
      /** Shared memory with the number of the newest notice. It is set before any thread receives that notice. */
      readonly newest: Int32Array;
      /** The present state, which includes all notices up to number `news`. */
      readonly notice: Notice;
      readonly news: number;
    }
  | {
      readonly type: 'committed';
      /**
       * Runs of replies; `first` is the number of the first one's operation. Several batches of a thread may commit at
       * once.
       */
      readonly replies: readonly { readonly first: number; readonly replies: readonly Reply[] }[];
      /** `news` is the number of the notice. Notices are counted without gaps. */
      readonly notice?: Notice | undefined;
      readonly news?: number | undefined;
    }
  | { readonly type: 'left' };
