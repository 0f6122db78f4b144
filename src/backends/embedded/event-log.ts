import { LRUCache } from 'lru-cache';
import type { EncodedEvent } from '../../domain/codec.ts';
import type { EventMetadata, UmsEvent } from '../../domain/events.ts';
import { type Position, positionOf, type Revision, revisionOf, START } from '../../domain/position.ts';
import type { StreamName } from '../../domain/streams.ts';
import type { AppendResult, EventLog, LogBatch, LogFilter, NewEvent, RecordedEvent } from '../../ports/event-log.ts';
import type { AppendReply, RequestRow } from './protocol.ts';
import type { EmbeddedThread } from './thread.ts';

/** Between stored JSON and the domain (`domain/codec.ts`); given by the composition root. */
export interface EventCodec {
  encode(event: UmsEvent, context: NewEvent['context']): EncodedEvent;
  decode(stored: EncodedEvent): { event: UmsEvent; metadata: EventMetadata };
}

/** Events read at once by a subscription. */
const BATCH = 512;
/** Characters of JSON behind the events that are kept decoded: several subscriptions read the newest ones. */
const DECODED_CHARACTERS = 8 * 1024 * 1024;

interface EventRow extends EncodedEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}

const COLUMNS = 'position, stream, revision, type, id, metadata, data';

export function embeddedEventLog(thread: EmbeddedThread, codec: EventCodec): EventLog {
  const { reader, link } = thread;
  const selectStream = reader.prepare(`SELECT ${COLUMNS} FROM events WHERE stream = ? ORDER BY revision`);
  const selectAll = reader.prepare(`SELECT ${COLUMNS} FROM events WHERE position > ? ORDER BY position LIMIT ?`);
  const selectRequest = reader.prepare('SELECT key, fingerprint, answer, position FROM requests WHERE key = ?');
  const decoded = new LRUCache<number, RecordedEvent>({ maxSize: DECODED_CHARACTERS });

  const recorded = (row: EventRow, keep: boolean): RecordedEvent => {
    const known = decoded.get(row.position);
    if (known !== undefined) return known;
    const result: RecordedEvent = {
      id: row.id,
      stream: row.stream as StreamName,
      revision: revisionOf(row.revision),
      position: positionOf(row.position),
      ...codec.decode(row),
    };
    if (keep) decoded.set(row.position, result, { size: row.data.length + row.metadata.length });
    return result;
  };

  /** One page of the log, filtered; `next` is where to go on, also if nothing fitted. A poison event ends the page before it. */
  const page = (after: number, filter: LogFilter, limit: number, keep: boolean) => {
    const rows = selectAll.all(after, limit) as unknown as EventRow[];
    const events: RecordedEvent[] = [];
    let next = after;
    for (const row of rows) {
      if (fits(row, filter)) {
        try {
          events.push(recorded(row, keep));
        } catch (error) {
          if (events.length === 0) throw error;
          return { events, next, atEnd: false };
        }
      }
      next = row.position;
    }
    return { events, next, atEnd: rows.length < limit };
  };

  async function* subscribe(after: Position, filter: LogFilter, signal: AbortSignal): AsyncGenerator<LogBatch> {
    const stop = AbortSignal.any([signal, link.signal]);
    let next = Number(after);
    let saidSo = false;
    while (!stop.aborted) {
      const seen = thread.head();
      const { events, next: end, atEnd } = page(next, filter, BATCH, saidSo);
      next = end;
      if (events.length > 0 || (atEnd && !saidSo)) yield { events, caughtUp: atEnd };
      saidSo ||= atEnd;
      if (atEnd) await thread.headBeyond(Math.max(seen, next), stop);
    }
    if (!signal.aborted) throw new Error('the event log was closed');
  }

  return {
    async append(stream, events, expected, options): Promise<AppendResult> {
      const reply = await link.send<AppendReply>({
        kind: 'append',
        stream,
        expected: expected === 'noStream' ? -1 : Number(expected),
        events: events.map(({ id, event, context }) => ({ id, ...codec.encode(event, context) })),
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
      return (selectStream.all(stream) as unknown as EventRow[]).map((row) => recorded(row, false));
    },

    async readAll(after, filter, limit) {
      const found: RecordedEvent[] = [];
      let next = Number(after);
      for (;;) {
        const { events, next: end, atEnd } = page(next, filter, limit, false);
        found.push(...events);
        next = end;
        if (atEnd || found.length >= limit) return found.slice(0, limit);
      }
    },

    subscribe,

    async findRequest(key) {
      const row = selectRequest.get(key) as RequestRow | undefined;
      return row === undefined ? undefined : storedRequest(row);
    },

    async head() {
      return positionOf(Math.max(thread.head(), Number(START)));
    },
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
