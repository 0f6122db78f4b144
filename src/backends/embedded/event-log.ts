import { setImmediate as turn } from 'node:timers/promises';
import { type EncodedEvent, UndecodableEvent } from '../../domain/codec.ts';
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
  MAX_UNTOLD,
  MAX_UNTOLD_MS,
  type NewEvent,
  type RecordedEvent,
} from '../../ports/event-log.ts';
import { pause } from '../../ports/eventsourcing/loop.ts';
import type { EmbeddedThread } from './connection/connection.ts';
import { type EventEntry, recentEvents } from './connection/recent-events.ts';
import type { EventRow } from './event-row.ts';
import type { AppendReply, RequestRow } from './protocol.ts';
import { LOG_ID } from './schema.ts';

/** Translates between stored JSON and the domain (`domain/codec.ts`). The composition root provides it. */
export interface EventCodec {
  encode(event: UmsEvent, context: NewEvent['context']): EncodedEvent;
  decode(stored: EncodedEvent): { event: UmsEvent; metadata: EventMetadata };
}

/**
 * Under load, a subscription waits at least this long, in ms, between two reads, so that its batches are not tiny. A
 * read that gives fewer than `LOAD_EVENTS` events is no load: an event that comes alone is read at once.
 */
const READ_EVERY_MS = 10;
const LOAD_EVENTS = 4;
/** Events in one read of a subscription, at most. */
const BATCH = 512;
/**
 * Positions that one read scans while the reader is far behind the end. The event loop gets a turn between two reads.
 */
const SCAN = 4096;

const COLUMNS = 'position, stream, revision, type, id, metadata, data';

/** Events read from the log, and the position up to which the log was read. */
interface PageRead {
  readonly entries: readonly EventEntry[];
  readonly end: number;
}

export function embeddedEventLog(thread: EmbeddedThread, codec: EventCodec): EventLog {
  const { link } = thread;
  const selectStream = thread.prepare(
    `SELECT ${COLUMNS} FROM events WHERE stream = ? AND revision > ? ORDER BY revision`,
  );
  const selectNewest = thread.prepare(`SELECT ${COLUMNS} FROM events WHERE stream = ? ORDER BY revision DESC LIMIT ?`);
  const selectAll = thread.prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
  const selectTypes = thread.prepare(
    `SELECT ${COLUMNS} FROM events WHERE position > ? AND position <= ? AND type IN (SELECT value FROM json_each(?)) ORDER BY position LIMIT ?`,
  );
  const selectId = thread.prepare('SELECT value FROM meta WHERE name = ?');
  const recent = recentEvents();

  const recorded = (entry: EventEntry): RecordedEvent => {
    entry.decoded ??= decodedEvent(entry.row, codec);
    return entry.decoded;
  };

  /**
   * Reads a bounded part of the log; positions have no gaps. Events of other types are not even read from the file.
   * @param head the position of the newest event
   */
  const scanAfter = (after: number, limit: number, head: number, types: LogFilter['types']): PageRead => {
    if (types === undefined) {
      const entries = entriesOf(selectAll.all(after, Math.min(limit, SCAN)));
      return { entries, end: Math.max(after, entries.at(-1)?.row.position ?? head) };
    }
    const upTo = Math.min(after + SCAN, Math.max(head, after));
    const entries = entriesOf(selectTypes.all(after, upTo, JSON.stringify(types), limit));
    return { entries, end: entries.length < limit ? upTo : (entries.at(-1)?.row.position ?? upTo) };
  };

  /** The same for a reader near the end: it takes events from memory if another subscription has read them already. */
  const followedAfter = (after: number, limit: number): PageRead => {
    const known = recent.after(after, limit);
    if (known !== undefined) return { entries: known, end: after + known.length };
    const entries = entriesOf(selectAll.all(after, limit));
    recent.add(after, entries, entries.length < limit);
    return { entries, end: after + entries.length };
  };

  /**
   * Returns the events of a page that match the filter, at most `limit`, and the position to continue from. The result
   * ends before a poison event. If that event comes first, its error is thrown.
   */
  const fitting = (after: number, filter: LogFilter, page: PageRead, limit: number) => {
    const events: RecordedEvent[] = [];
    let next = after;
    for (const entry of page.entries) {
      if (events.length === limit) return { events, next };
      if (fits(entry.row, filter)) {
        try {
          events.push(recorded(entry));
        } catch (error) {
          // Somebody may repair the event in the file, so memory must not keep it.
          recent.clear();
          if (events.length === 0) throw error;
          return { events, next };
        }
      }
      next = entry.row.position;
    }
    return { events, next: page.end };
  };

  async function* subscribe(after: Position, filter: LogFilter, signal: AbortSignal): AsyncGenerator<LogBatch> {
    const stop = AbortSignal.any([signal, link.signal]);
    let next = Number(after);
    let told = next;
    let toldAt = performance.now();
    let saidSo = false;
    while (!stop.aborted) {
      const seen = thread.head();
      const readAt = performance.now();
      const isFarBehind = seen - next > BATCH && recent.after(next, 1) === undefined;
      const page = isFarBehind ? scanAfter(next, BATCH, seen, filter.types) : followedAfter(next, BATCH);
      const { events, next: end } = fitting(next, filter, page, BATCH);
      next = end;
      const head = thread.head();
      const caughtUp = next >= head;
      const isDue = next - told >= MAX_UNTOLD || (next > told && readAt - toldAt >= MAX_UNTOLD_MS);
      if (events.length > 0 || caughtUp !== saidSo || isDue) {
        saidSo = caughtUp;
        // Progress over events of others is reported later, if no matching event comes soon: the reader saves each
        // progress, and batches that only report a change of `caughtUp` are frequent.
        if (events.length > 0 || isDue) {
          told = Number(events.at(-1)?.position ?? next);
          toldAt = readAt;
        }
        yield { events, scanned: positionOf(told), caughtUp, behind: Math.max(0, head - next) };
      }
      if (caughtUp) await thread.headBeyond(Math.max(seen, next), stop, next > told ? MAX_UNTOLD_MS : undefined);
      // Gives the event loop a turn, for instance to deliver the abort signal.
      else await turn();
      if (events.length >= LOAD_EVENTS) await pause(readAt + READ_EVERY_MS - performance.now(), stop);
    }
    if (!signal.aborted) throw new StoreUnavailable('the event log was closed');
  }

  return {
    async id() {
      return String(selectId.get(LOG_ID)?.value);
    },

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

    async readStream(stream, after) {
      thread.drainNotices();
      const entries = entriesOf(selectStream.all(stream, after === undefined ? -1 : Number(after)));
      return entries.map((entry) => recorded(recent.at(entry.row.position) ?? entry));
    },

    async readNewest(stream, count) {
      thread.drainNotices();
      const entries = entriesOf(selectNewest.all(stream, count)).reverse();
      return entries.map((entry) => recorded(recent.at(entry.row.position) ?? entry));
    },

    async readAll(after, filter, limit) {
      thread.drainNotices();
      const found: RecordedEvent[] = [];
      let next = Number(after);
      for (;;) {
        const head = thread.readHead();
        const left = limit - found.length;
        const page = scanAfter(next, Math.max(left, BATCH), head, filter.types);
        const { events, next: end } = fitting(next, filter, page, left);
        found.push(...events);
        next = end;
        if (next >= head || found.length >= limit) return found;
        await turn();
      }
    },

    subscribe,

    async remember(request, position) {
      const row: RequestRow = { ...request, position: Number(position) };
      const earlier = await link.send<RequestRow | undefined>({ kind: 'rememberRequest', request: row });
      return earlier === undefined ? undefined : storedRequest(earlier);
    },

    async findRequest(key) {
      const row = await link.send<RequestRow | undefined>({ kind: 'findRequest', key });
      return row === undefined ? undefined : storedRequest(row);
    },

    async head() {
      return positionOf(Math.max(thread.drainNotices() ? thread.head() : thread.readHead(), Number(START)));
    },
  };
}

function entriesOf(rows: readonly object[]): EventEntry[] {
  return rows.map((row) => ({ row: row as EventRow }));
}

/** @throws UndecodableEvent that names the position of the event */
function decodedEvent(row: EventRow, codec: EventCodec): RecordedEvent {
  return {
    id: row.id,
    stream: row.stream as StreamName,
    revision: revisionOf(row.revision),
    position: positionOf(row.position),
    ...decodedAt(row, codec),
  };
}

function decodedAt(row: EventRow, codec: EventCodec): ReturnType<EventCodec['decode']> {
  try {
    return codec.decode(row);
  } catch (error) {
    if (!(error instanceof UndecodableEvent)) throw error;
    throw new UndecodableEvent(`${error.message} (position ${row.position})`);
  }
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
