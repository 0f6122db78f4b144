/** What the threads say to the writer thread and what it answers. Everything is structured-cloneable; positions are numbers here. */
import type { EncodedEvent } from '../../domain/codec.ts';
import type { CarriedError } from '../../ports/errors.ts';

export interface AppendOp {
  readonly kind: 'append';
  readonly stream: string;
  /** The revision expected; −1: no stream. */
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

/** Answered with the earlier record, if there is one. */
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
  /** Of a checkpoint that goes with no collection; else empty. */
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
  /** Without a copy: the one that serves. */
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

/** Times are durations, since each thread has a monotonic clock of its own. */
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
  /** Back to its place in the queue, or to the end. */
  | ({ readonly kind: 'releaseJob'; readonly to: 'place' | 'end' } & OneJob)
  | ({ readonly kind: 'buryJob'; readonly reason: string; readonly diedAt: number } & OneJob)
  | ({ readonly kind: 'redriveJob' } & OneJob)
  | ({ readonly kind: 'discardJob' } & OneJob)
  | { readonly kind: 'countJobs'; readonly queue: string }
  | { readonly kind: 'listQueues'; readonly prefix: string };

export interface TakeReply {
  readonly jobs: readonly TakenJob[];
  /** ms until the next delayed job of a queue is due, for queues that gave fewer jobs than were wanted. */
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
  /** @param holder a random text: the same one may ask again */
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

/** Where a collection's copies lie: generations of its table. */
export interface CollectionPlace {
  readonly name: string;
  readonly serving: number;
  readonly servingVersion: number;
  readonly shadow: number | null;
  readonly shadowVersion: number | null;
}

/** What became visible with a commit; sent to every thread, before or with the replies to its own operations. */
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
  /** The keys that it has now, in the order of `indexes`; none if it was deleted. */
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
      /** Now and then: for which share of its time the sender was busy lately, from 0 to 1. */
      readonly busy?: number | undefined;
    }
  | { readonly type: 'leave' };

export type FromWriter =
  /** The first word to a connection. */
  | {
      readonly type: 'attached';
      /** The number of the newest news, here before the first thread hears of it. */
      readonly newest: Int32Array;
      /** How things stand, and the number up to which that is. */
      readonly notice: Notice;
      readonly news: number;
    }
  | {
      readonly type: 'committed';
      /** Number of the first reply's operation; the others follow. Several runs, since batches of one thread may commit together. */
      readonly replies: readonly { readonly first: number; readonly replies: readonly Reply[] }[];
      /** With the number of the news that it is; each is one more than the one before. */
      readonly notice?: Notice | undefined;
      readonly news?: number | undefined;
    }
  | { readonly type: 'left' };
