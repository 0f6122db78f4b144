import type { DatabaseSync } from 'node:sqlite';
import type { AppendOp, AppendReply } from '../protocol.ts';
import type { RequestWriter } from './requests.ts';

const NO_STREAM = -1;

export interface EventWriter {
  append(op: AppendOp, putContent: (id: string, text: string) => void): AppendReply;
  /** Position of the newest event. */
  head(): number;
  /** To be called after a rollback: reads the head from the file again. */
  reload(): void;
}

export function eventWriter(db: DatabaseSync, requests: RequestWriter): EventWriter {
  const insert = db.prepare(
    'INSERT INTO events (position, stream, revision, type, id, metadata, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const exists = db.prepare('SELECT 1 AS one FROM events WHERE stream = ? AND revision = ?');
  const lastRevision = db.prepare('SELECT max(revision) AS revision FROM events WHERE stream = ?');
  const written = db.prepare(
    'SELECT revision, id, position FROM events WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?',
  );
  const maxPosition = db.prepare('SELECT max(position) AS position FROM events');

  const readHead = (): number => Number(maxPosition.get()?.position ?? 0);
  let head = readHead();

  /** Gives the first answer again if this very append is in the stream already, perhaps with later events behind it. */
  const repeated = (op: AppendOp): AppendReply | undefined => {
    const rows = written.all(op.stream, op.expected, op.events.length);
    const same = rows.length === op.events.length && rows.every((row, index) => row.id === op.events[index]?.id);
    const last = rows.at(-1);
    if (!same || last === undefined) return undefined;
    return { type: 'appended', revision: Number(last.revision), position: Number(last.position) };
  };

  const conflict = (op: AppendOp): AppendReply => {
    const actual = lastRevision.get(op.stream)?.revision;
    return { type: 'conflict', actual: actual === null || actual === undefined ? NO_STREAM : Number(actual) };
  };

  return {
    append(op, putContent) {
      if (op.request !== undefined) {
        const earlier = requests.find(op.request.key);
        if (earlier !== undefined) return { type: 'duplicateRequest', earlier };
      }
      if (op.expected > NO_STREAM && exists.get(op.stream, op.expected) === undefined) return conflict(op);
      if (exists.get(op.stream, op.expected + 1) !== undefined) return repeated(op) ?? conflict(op);

      let revision = op.expected;
      for (const event of op.events) {
        revision += 1;
        head += 1;
        insert.run(head, op.stream, revision, event.type, event.id, event.metadata, event.data);
      }
      if (op.content !== undefined) putContent(op.content.id, op.content.text);
      if (op.request !== undefined) requests.remember(op.request, head);
      return { type: 'appended', revision, position: head };
    },

    head: () => head,

    reload() {
      head = readHead();
    },
  };
}
