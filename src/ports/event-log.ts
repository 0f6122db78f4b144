/**
 * The event log: everything else is derived from it. Many processes share one log. Every read sees every append that
 * was answered before, by any process and through any connection.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
 */
import type { EncodedEvent } from '../domain/codec.ts';
import type { EventContext, EventMetadata, EventType, UmsEvent } from '../domain/events.ts';
import type { Position, Revision } from '../domain/position.ts';
import type { StreamName } from '../domain/streams.ts';

/** The revision that an append expects of its stream; there is no "any". */
export type ExpectedRevision = 'noStream' | Revision;

/** The revision that was found instead: no such stream, a revision, or a deleted stream. */
export type ActualRevision = 'noStream' | 'deleted' | Revision;

export interface NewEvent {
  /** Deterministic (`domain/event-id.ts`), so that a retried append is idempotent. */
  readonly id: string;
  readonly event: UmsEvent;
  readonly context: EventContext;
}

export interface RecordedEvent<E extends UmsEvent = UmsEvent> {
  readonly id: string;
  readonly stream: StreamName;
  readonly revision: Revision;
  readonly position: Position;
  readonly event: E;
  readonly metadata: EventMetadata;
}

/** The remembered answer of a request (`docs/api.md §2 Idempotency`). Kept for at least 24 h. */
export interface RequestRecord {
  /** Identifies the request: appId, clientId and sequenceId, as one text. */
  readonly key: string;
  /** A hash of path, user and body, which must be the same in a repeated request. */
  readonly fingerprint: string;
  /** The answer, JSON text. */
  readonly answer: string;
}

export interface StoredRequest extends RequestRecord {
  /**
   * Position of the last event that the request appended or, if it appended none, of the newest event that its answer
   * depends on. Reads that follow the repeated answer must have reached it.
   */
  readonly position: Position;
}

/**
 * Largest size of one append in bytes, as `appendSize` counts them. EventStoreDB with its defaults takes 1 MiB; the
 * rest is for headers. A claim that describes the append (decision 2) lies in the document store, which takes 16 MiB,
 * and holds the events as JSON, so it is not the narrower limit.
 */
export const MAX_APPEND_BYTES = 1_000_000;

/**
 * An append is larger than the size that every log must accept. This is a defect of ours: code that builds a list must
 * bound it.
 */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge';
}

/**
 * The bytes of events as EventStoreDB 24.10 counts them (24.6 counts fewer): data and metadata as UTF-8, the type as
 * UTF-16. The texts of the request are added.
 */
export function appendSize(events: readonly EncodedEvent[], request?: RequestRecord): number {
  let size = 0;
  for (const { type, data, metadata } of events)
    size += Buffer.byteLength(data) + Buffer.byteLength(metadata) + 2 * type.length;
  if (request === undefined) return size;
  return (
    size + Buffer.byteLength(request.key) + Buffer.byteLength(request.fingerprint) + Buffer.byteLength(request.answer)
  );
}

export interface AppendOptions {
  /**
   * Committed together with the events. If its key is taken already, nothing is appended and the earlier record is the
   * result. So of two requests that run at once exactly one has an effect, also across processes.
   */
  readonly request?: RequestRecord | undefined;
  /**
   * Stored in `Contents` no later than the events become visible, so that every reader of the event can read it. If the
   * append is refused, the content may stay behind without a reference. Content that was deleted stays deleted, even if
   * the append is repeated.
   */
  readonly content?: { readonly id: string; readonly text: string } | undefined;
}

export type AppendResult =
  | {
      readonly type: 'appended';
      /** Of the last event. */
      readonly revision: Revision;
      readonly position: Position;
    }
  | RevisionConflict
  | { readonly type: 'duplicateRequest'; readonly earlier: StoredRequest };

export interface RevisionConflict {
  readonly type: 'conflict';
  readonly expected: ExpectedRevision;
  readonly actual: ActualRevision;
}

export interface LogFilter {
  /** Prefixes of stream names (`domain/streams.ts`). One of them must match. */
  readonly prefixes: readonly string[];
  /** Event types to let through; all if absent. */
  readonly types?: readonly EventType[];
}

/** The largest number of events in a batch, and of events that a subscription reads ahead of its reader. */
export const MAX_READ_AHEAD = 1024;

/**
 * A subscription that passes over events of others gives an empty batch, so that its reader learns `scanned`. It does
 * so at the latest after this many of these events, or this many ms after the first of them.
 */
export const MAX_UNTOLD = 10_000;
export const MAX_UNTOLD_MS = 1_000;

export interface LogBatch {
  /** May be empty: the batch then only carries `scanned` and `caughtUp`. */
  readonly events: readonly RecordedEvent[];
  /**
   * The log was read up to this position: a subscription that starts after it gets every event that was not given yet.
   * It is at or beyond the last event of the batch, and never below the `scanned` of an earlier batch.
   */
  readonly scanned: Position;
  /** True when the reader had seen the end of the log with this batch. */
  readonly caughtUp: boolean;
  /**
   * Number of events of the log that the subscription has not read yet, also those that the filter does not let
   * through; absent if the store can't count them.
   */
  readonly behind?: number | undefined;
}

export interface EventLog {
  /**
   * A random id, made once with the log and never changed. A checkpoint names it, because its position means something
   * only in the log in which it was counted (`Documents`).
   */
  id(): Promise<string>;

  /**
   * Appends all events or none, durably. `events` is not empty. If the same ids are appended again at the same
   * revision, nothing changes and the answer is that of the first time; with a request, the answer is a duplicate.
   * @throws StoreUnavailable if the outcome is unknown or the store is away: the append may still take effect later,
   * before or after a repeated one, and both count once. AppendTooLarge: nothing was appended
   */
  append(
    stream: StreamName,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * Reads a stream in order, whole or from after a revision. The result is empty if the stream does not exist or was
   * deleted. Only for streams that stay short. @throws UndecodableEvent
   */
  readStream(stream: StreamName, after?: Revision): Promise<readonly RecordedEvent[]>;

  /**
   * Reads the newest events of a stream, at most `count`, in stream order. The cost does not depend on the stream's
   * length.
   * @throws UndecodableEvent
   */
  readNewest(stream: StreamName, count: number): Promise<readonly RecordedEvent[]>;

  /**
   * Reads events of all streams strictly after a position, in log order: `limit` events, fewer only at the end of the
   * log.
   * @throws UndecodableEvent when the page reaches one; a smaller limit gives the events before it
   */
  readAll(after: Position, filter: LogFilter, limit: number): Promise<readonly RecordedEvent[]>;

  /**
   * Gives events of all streams strictly after a position: first the existing ones, then new ones, in order, none
   * twice. Back-pressure: at most `MAX_READ_AHEAD` events are read before the reader asks for the next batch. Several
   * batches may say `caughtUp`. A long history is read in bounded steps, and the event loop gets a turn between them.
   * When the signal aborts, the iteration ends without an error within a turn of the event loop, even if the store does
   * not answer.
   * @throws UndecodableEvent, after all events before it were given; StoreUnavailable when the connection is lost,
   * unless the subscription goes on by itself: it never goes silent for good. The caller resumes from its checkpoint
   */
  subscribe(after: Position, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogBatch>;

  /**
   * Remembers the answer of a request that had nothing to append, durably. Of all `remember` calls and appends with the
   * same key, exactly one takes effect.
   * @param position the `position` of the `StoredRequest`
   * @returns the earlier record if the key was taken already, else `undefined`
   * @throws StoreUnavailable: the record may have been stored. `remember` can be repeated, and then returns that same
   * record as the earlier one
   */
  remember(request: RequestRecord, position: Position): Promise<StoredRequest | undefined>;

  /** The remembered answer for a key. A claim that is still open (decision 2) is finished first. */
  findRequest(key: string): Promise<StoredRequest | undefined>;

  /** The position of the newest event, `START` in an empty log. */
  head(): Promise<Position>;
}
