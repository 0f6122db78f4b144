/**
 * The event log: the truth that everything else is derived from. Many processes share one: every read sees every append
 * that was answered before, of any process and through any connection.
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
   * rests on. Reads that follow the repeated answer must have reached it.
   */
  readonly position: Position;
}

/**
 * Largest size of one append in bytes, as `appendSize` counts them. EventStoreDB with its defaults takes 1 MiB; the rest
 * is for headers. A claim that describes the append (decision 2) lies in the document store, which takes 16 MiB, and holds
 * the events as JSON, so it is not the narrower limit.
 */
export const MAX_APPEND_BYTES = 1_000_000;

/** An append is larger than every log must take. This is a defect of ours: the code that builds a list bounds it. */
export class AppendTooLarge extends Error {
  override readonly name = 'AppendTooLarge';
}

/**
 * The bytes of events as EventStoreDB counts them (24.10; 24.6 counts fewer): data and metadata as UTF-8, the type as
 * UTF-16. The texts of the request go with them.
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
   * Committed together with the events. If its key is taken already nothing is appended and the earlier record is the
   * result: of two requests that run at once exactly one has an effect, also across processes.
   */
  readonly request?: RequestRecord | undefined;
  /**
   * Stored in `Contents` no later than the events are visible: a reader of the event can read it. Left behind, unreferenced,
   * when the append is refused. Content that was deleted meanwhile stays deleted, whenever the append is repeated.
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
  /** Stream name prefixes (`domain/streams.ts`), one of which must fit. */
  readonly prefixes: readonly string[];
  /** If given, one of these types. */
  readonly types?: readonly EventType[];
}

/** Events that a subscription reads beyond the batch that its reader holds, and the most in a batch. */
export const MAX_READ_AHEAD = 1024;

/**
 * A subscription that passes over events of others gives an empty batch, so that its reader learns `scanned`: at the latest
 * after this many of them, and this long after the first of them, in ms.
 */
export const MAX_UNTOLD = 10_000;
export const MAX_UNTOLD_MS = 1_000;

export interface LogBatch {
  /** May be empty: the batch then only carries `scanned` and `caughtUp`. */
  readonly events: readonly RecordedEvent[];
  /**
   * The log was read up to here: a subscription that begins after it misses nothing that has not been given by now. At or
   * beyond the last event of the batch, and never below that of an earlier batch.
   */
  readonly scanned: Position;
  /** True when the reader had seen the end of the log with this batch. */
  readonly caughtUp: boolean;
  /** Events of the log that the subscription has not looked at, the filter's or not, where the store can count them. */
  readonly behind?: number | undefined;
}

export interface EventLog {
  /**
   * Random, made once with the log and never changed: positions of a checkpoint mean something only with the log that they
   * were counted in (`Documents`).
   */
  id(): Promise<string>;

  /**
   * Appends all events or none, durably. `events` is not empty. The same ids again at the revision that they were
   * first appended at change nothing and answer like the first time; with a request, as its duplicate.
   * @throws StoreUnavailable when the outcome is unknown or the store is away; the append may take effect even after that,
   * before or after a repeated one, and both count once; AppendTooLarge, and nothing was appended
   */
  append(
    stream: StreamName,
    events: readonly NewEvent[],
    expected: ExpectedRevision,
    options?: AppendOptions,
  ): Promise<AppendResult>;

  /**
   * All events of a stream in order, or those after a revision; empty for one that does not exist or was deleted. Only for
   * streams that stay short. @throws UndecodableEvent
   */
  readStream(stream: StreamName, after?: Revision): Promise<readonly RecordedEvent[]>;

  /**
   * The newest events of a stream, `count` at most, in the stream's order. Its cost does not depend on the stream's length.
   * @throws UndecodableEvent
   */
  readNewest(stream: StreamName, count: number): Promise<readonly RecordedEvent[]>;

  /**
   * Events of all streams strictly after a position, in log order: `limit` of them, fewer only at the end of the log.
   * @throws UndecodableEvent when the page reaches one; a smaller limit gives the events before it
   */
  readAll(after: Position, filter: LogFilter, limit: number): Promise<readonly RecordedEvent[]>;

  /**
   * Events of all streams strictly after a position: those that are there, then those that come, in order, none twice.
   * Back-pressure: no more than `MAX_READ_AHEAD` events are read before the next batch is asked for. Several batches may
   * say `caughtUp`. A long history is read in bounded steps, between which the event loop has its turn. Ends without an
   * error when the signal aborts: within a turn of the event loop, also while it waits for a store that does not answer.
   * @throws UndecodableEvent, once the events before it were given; StoreUnavailable when the connection is lost, unless it
   * goes on by itself: it never goes silent for good. The caller resumes from its checkpoint
   */
  subscribe(after: Position, filter: LogFilter, signal: AbortSignal): AsyncIterable<LogBatch>;

  /**
   * Remembers the answer of a request that had nothing to append, durably. It counts like the record of an append: of
   * `remember` and appends with one key, exactly one takes effect.
   * @param position as `StoredRequest` has it
   * @returns the earlier record if the key was taken already, else `undefined`
   * @throws StoreUnavailable; the record may have been made, and `remember` can be repeated: the same record again is
   * returned as the earlier one
   */
  remember(request: RequestRecord, position: Position): Promise<StoredRequest | undefined>;

  /** The remembered answer for a key. A claim that is still open (decision 2) is finished first. */
  findRequest(key: string): Promise<StoredRequest | undefined>;

  /** The position of the newest event, `START` in an empty log. */
  head(): Promise<Position>;
}
