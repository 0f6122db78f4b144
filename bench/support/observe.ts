/** Reads the service's file from outside: its open work, and the events of the messages that it took. */
import { setTimeout as wait } from 'node:timers/promises';
import { openReadOnly } from '../../src/backends/embedded/connection/reader.ts';
import { copyCheckpoint, tableOf } from '../../src/backends/embedded/schema.ts';

const POLL_MS = 20;
const DRAIN_DEADLINE_MS = 180_000;

export interface Observer {
  /** Waits until nothing is left to dispatch, deliver or project. @returns how long that took, in seconds */
  drained(): Promise<number>;
  /** Messages of the read model, by their status. */
  countByStatus(): Readonly<Record<string, number>>;
  /** Whether the read model shows this message as sent, or further. */
  isSent(msgId: string): boolean;
  events(): number;
  close(): void;
}

export function observe(file: string): Observer {
  const db = openReadOnly(file);
  const messages = tableOf('messages', Number(servingOf('messages')));
  const readModels = ['messages', 'deliveries'].map((name) => copyCheckpoint(name, Number(servingOf(name))));
  const head = db.prepare('SELECT max(position) AS position FROM events');
  const newestAccepted = db.prepare(
    `SELECT max(position) AS position FROM events WHERE position > ? AND type = 'MessageAccepted'`,
  );
  const checkpoint = db.prepare('SELECT position FROM checkpoints WHERE name = ?');
  const openMessage = db.prepare(`SELECT 1 AS one FROM ${messages} WHERE k_openUntil IS NOT NULL LIMIT 1`);
  const status = db.prepare(`SELECT document ->> '$.status' AS status FROM ${messages} WHERE id = ?`);

  function servingOf(collection: string) {
    const row = db.prepare('SELECT serving FROM collections WHERE name = ?').get(collection);
    if (row === undefined) throw new Error(`no collection ${collection} in ${file}`);
    return row.serving;
  }
  let lookedAt = 0;
  let accepted = 0;
  /** Position of the newest message. Each event is looked at once, since the observer takes CPU time from the service. */
  const lastAccepted = (): number => {
    const newest = Number(head.get()?.position ?? 0);
    accepted = Number(newestAccepted.get(lookedAt)?.position ?? accepted);
    lookedAt = newest;
    return accepted;
  };
  const standsAt = (name: string): number => Number(checkpoint.get(name)?.position ?? 0);

  // The order matters: jobs are not in the file, so only the read model tells of a message that is not sent yet.
  const isDrained = (): boolean => {
    if (standsAt('dispatcher') < lastAccepted()) return false;
    const newest = Number(head.get()?.position ?? 0);
    if (readModels.some((name) => standsAt(name) < newest)) return false;
    return openMessage.get() === undefined;
  };

  return {
    async drained() {
      const started = performance.now();
      while (!isDrained()) {
        if (performance.now() - started > DRAIN_DEADLINE_MS) throw new Error('the backlog does not end');
        await wait(POLL_MS);
      }
      return (performance.now() - started) / 1000;
    },
    countByStatus() {
      const rows = db
        .prepare(`SELECT document ->> '$.status' AS status, count(*) AS n FROM ${messages} GROUP BY 1`)
        .all();
      return Object.fromEntries(rows.map((row) => [String(row.status), Number(row.n)]));
    },
    isSent: (msgId) => Number(status.get(msgId)?.status ?? 0) >= 1,
    events: () => Number(head.get()?.position ?? 0),
    close: () => db.close(),
  };
}
