import type { EncodedEvent } from '../../domain/codec.ts';
import type { EventMetadata, UmsEvent } from '../../domain/events.ts';
import { type Position, positionOf, type Revision, revisionOf, START } from '../../domain/position.ts';
import type { StreamName } from '../../domain/streams.ts';
import { StoreUnavailable } from '../../ports/errors.ts';
import {
  type AppendResult,
  AppendTooLarge,
  appendSize,
  type EventLog,
  type LogBatch,
  type LogFilter,
  MAX_APPEND_BYTES,
  type NewEvent,
  type RecordedEvent,
} from '../../ports/event-log.ts';
import { pause } from '../../ports/eventsourcing/loop.ts';
import type { EmbeddedThread } from './connection/connection.ts';
import { type EventEntry, recentEvents } from './connection/recent-events.ts';
import type { EventRow } from './event-row.ts';
import type { AppendReply, RequestRow } from './protocol.ts';

/** Between stored JSON and the domain (`domain/codec.ts`); given by the composition root. */
export interface EventCodec {
  encode(event: UmsEvent, context: NewEvent['context']): EncodedEvent;
  decode(stored: EncodedEvent): { event: UmsEvent; metadata: EventMetadata };
}

/**
 * Under load a subscription reads this long after the time before at the earliest, so that its reader gets batches worth
 * their while. A batch of fewer events than the limit is no load: what comes alone is read at once.
 */
const READ_EVERY_MS = 10;
const LOAD_EVENTS = 4;
/** Events read at once by a subscription. */
const BATCH = 512;

const COLUMNS = 'position, stream, revision, type, id, metadata, data';

export function embeddedEventLog(thread: EmbeddedThread, codec: EventCodec): EventLog {
  const { link } = thread;
  const selectStream = thread.prepare(`SELECT ${COLUMNS} FROM events WHERE stream = ? ORDER BY revision`);
  const selectAll = thread.prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
  const selectTypes = thread.prepare(
    `SELECT ${COLUMNS} FROM events WHERE position > ? AND type IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?`,
  );
  const recent = recentEvents();

  const recorded = (entry: EventEntry): RecordedEvent => {
    entry.decoded ??= decodedEvent(entry.row, codec);
    return entry.decoded;
  };

  /** @param types only these, so that what a reader does not want is not even read */
  const entriesAfter = (
    after: number,
    limit: number,
    types?: LogFilter['types'],
  ): { entries: readonly EventEntry[]; atEnd: boolean } => {
    const found =
      types === undefined ? selectAll.all(after, limit) : selectTypes.all(after, JSON.stringify(types), limit);
    const rows = found as unknown as EventRow[];
    return { entries: rows.map((row) => ({ row })), atEnd: rows.length < limit };
  };

  /** The same for who follows the log's end: from memory where another subscription has read it already. */
  const followedAfter = (after: number, limit: number): { entries: readonly EventEntry[]; atEnd: boolean } => {
    const known = recent.after(after, limit);
    if (known !== undefined) return { entries: known, atEnd: after + known.length >= thread.head() };
    const read = entriesAfter(after, limit);
    recent.add(after, read.entries, read.atEnd);
    return read;
  };

  /** What fits of a page; `next` is where to go on, also if nothing fitted. A poison event ends the page before it. */
  const fitting = (after: number, filter: LogFilter, { entries, atEnd }: ReturnType<typeof entriesAfter>) => {
    const events: RecordedEvent[] = [];
    let next = after;
    for (const entry of entries) {
      if (fits(entry.row, filter)) {
        try {
          events.push(recorded(entry));
        } catch (error) {
          // It may be mended in the file.
          recent.clear();
          if (events.length === 0) throw error;
          return { events, next, atEnd: false };
        }
      }
      next = entry.row.position;
    }
    return { events, next, atEnd };
  };

  async function* subscribe(after: Position, filter: LogFilter, signal: AbortSignal): AsyncGenerator<LogBatch> {
    const stop = AbortSignal.any([signal, link.signal]);
    let next = Number(after);
    let saidSo = false;
    while (!stop.aborted) {
      const seen = thread.head();
      const readAt = performance.now();
      const { events, next: end, atEnd } = fitting(next, filter, followedAfter(next, BATCH));
      next = end;
      if (events.length > 0 || (atEnd && !saidSo)) yield { events, caughtUp: atEnd };
      saidSo ||= atEnd;
      if (atEnd) await thread.headBeyond(Math.max(seen, next), stop);
      if (events.length >= LOAD_EVENTS) await pause(readAt + READ_EVERY_MS - performance.now(), stop);
    }
    if (!signal.aborted) throw new StoreUnavailable('the event log was closed');
  }

  return {
    async append(stream, events, expected, options): Promise<AppendResult> {
      const encoded = events.map(({ id, event, context }) => ({ id, ...codec.encode(event, context) }));
      const size = appendSize(encoded, options?.request);
      if (size > MAX_APPEND_BYTES) throw new AppendTooLarge(`an append to ${stream} of ${size} bytes`);
      const reply = await link.send<AppendReply>({
        kind: 'append',
        stream,
        expected: expected === 'noStream' ? -1 : Number(expected),
        events: encoded,
        request: options?.request,
        content: options?.content,
      });
      switch (reply.type) {
        case 'appended':
          return { type: 'appended', revision: revisionOf(reply.revision), position: positionOf(reply.position) };
        case 'conflict':
          return { type: 'conflict', expected, actual: actualOf(reply.actual) };
        case 'duplicateRequest':
          return { type: 'duplicateRequest', earlier: storedRequest(reply.earlier) };
      }
    },

    async readStream(stream) {
      thread.drainNotices();
      const rows = selectStream.all(stream) as unknown as EventRow[];
      return rows.map((row) => recorded(recent.at(row.position) ?? { row }));
    },

    async readAll(after, filter, limit) {
      thread.drainNotices();
      const found: RecordedEvent[] = [];
      let next = Number(after);
      for (;;) {
        const { events, next: end, atEnd } = fitting(next, filter, entriesAfter(next, limit, filter.types));
        found.push(...events);
        next = end;
        if (atEnd || found.length >= limit) return found.slice(0, limit);
      }
    },

    subscribe,

    async findRequest(key) {
      const row = await link.send<RequestRow | undefined>({ kind: 'findRequest', key });
      return row === undefined ? undefined : storedRequest(row);
    },

    async head() {
      return positionOf(Math.max(thread.drainNotices() ? thread.head() : thread.readHead(), Number(START)));
    },
  };
}

function decodedEvent(row: EventRow, codec: EventCodec): RecordedEvent {
  return {
    id: row.id,
    stream: row.stream as StreamName,
    revision: revisionOf(row.revision),
    position: positionOf(row.position),
    ...codec.decode(row),
  };
}

function fits(row: EventRow, { prefixes, types }: LogFilter): boolean {
  return (
    prefixes.some((prefix) => row.stream.startsWith(prefix)) &&
    (types === undefined || (types as readonly string[]).includes(row.type))
  );
}

function actualOf(revision: number): 'noStream' | Revision {
  return revision < 0 ? 'noStream' : revisionOf(revision);
}

function storedRequest({ key, fingerprint, answer, position }: RequestRow) {
  return { key, fingerprint, answer, position: positionOf(position) };
}
