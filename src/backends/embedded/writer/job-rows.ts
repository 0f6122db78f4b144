/** The job table. It holds retries, dead letters, delayed jobs, and jobs for which memory has no room. */
import type { DatabaseSync } from 'node:sqlite';
import type { TakenJob } from '../protocol.ts';

/** A job with its place in the queue: jobs are ordered by due time, then by number. */
export interface PlacedJob extends TakenJob {
  /** Due time in ms, by the clock of `openJobRows`. */
  readonly runAt: number;
  readonly seq: number;
}

export interface JobRows {
  /** Returns a number greater than all earlier ones. */
  nextSeq(): number;
  has(queue: string, id: string): boolean;
  count(queue: string): number;
  /** @param delayMs the longest wait that is left after a restart @returns false if the queue has a row of that id */
  insert(job: PlacedJob, delayMs: number): boolean;
  remove(queue: string, id: string): void;
  retry(queue: string, id: string, runAt: number, delayMs: number): void;
  bury(queue: string, id: string, reason: string, diedAt: number): void;
  /** @returns false if the queue has no dead letter of that id */
  redrive(queue: string, id: string, runAt: number): boolean;
  discard(queue: string, id: string): boolean;
  /** Due jobs, in order. */
  due(queue: string, now: number, limit: number): readonly PlacedJob[];
  /** Due time of the first job that is not due yet. */
  nextDue(queue: string, now: number): number | undefined;
  counts(queue: string, now: number): { readonly dead: number; readonly delayed: number; readonly due: number };
  queues(prefix: string): string[];
}

/**
 * @param now ms since 1970 at the start of the process, plus the monotonic time since then. If the wall clock was set
 * back after a row was written, the row waits no longer than its delay even so.
 */
export function openJobRows(db: DatabaseSync, now: number): JobRows {
  db.prepare('UPDATE jobs SET run_at = ? + delay_ms WHERE dead_at IS NULL AND run_at > ? + delay_ms').run(now, now);
  let lastSeq = Number(db.prepare('SELECT max(seq) AS seq FROM jobs').get()?.seq ?? 0);

  const exists = db.prepare('SELECT 1 FROM jobs WHERE queue = ? AND id = ?');
  const countRows = db.prepare('SELECT count(*) AS count FROM jobs WHERE queue = ?');
  const insert = db.prepare(
    `INSERT INTO jobs (seq, queue, id, data, run_at, delay_ms, failures, attempts, base_ms, cap_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (queue, id) DO NOTHING`,
  );
  const remove = db.prepare('DELETE FROM jobs WHERE queue = ? AND id = ?');
  const retry = db.prepare(
    'UPDATE jobs SET failures = failures + 1, run_at = ?, delay_ms = ? WHERE queue = ? AND id = ?',
  );
  const bury = db.prepare(
    'UPDATE jobs SET failures = failures + 1, dead_at = ?, reason = ? WHERE queue = ? AND id = ? AND dead_at IS NULL',
  );
  const redrive = db.prepare(
    `UPDATE jobs SET dead_at = NULL, reason = NULL, failures = 0, run_at = ?, delay_ms = 0
     WHERE queue = ? AND id = ? AND dead_at IS NOT NULL`,
  );
  const discard = db.prepare('DELETE FROM jobs WHERE queue = ? AND id = ? AND dead_at IS NOT NULL');
  const due = db.prepare(
    `SELECT seq, queue, id, data, run_at AS runAt, attempts, base_ms AS baseMs, cap_ms AS capMs, failures
     FROM jobs WHERE queue = ? AND dead_at IS NULL AND run_at <= ? ORDER BY run_at, seq LIMIT ?`,
  );
  const nextDue = db.prepare(
    'SELECT run_at AS runAt FROM jobs WHERE queue = ? AND dead_at IS NULL AND run_at > ? ORDER BY run_at LIMIT 1',
  );
  const counts = db.prepare(
    `SELECT count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,
            count(*) FILTER (WHERE dead_at IS NULL AND run_at > ?) AS delayed,
            count(*) FILTER (WHERE dead_at IS NULL AND run_at <= ?) AS due
     FROM jobs WHERE queue = ?`,
  );
  const firstQueue = db.prepare('SELECT min(queue) AS queue FROM jobs WHERE queue >= ?');
  const queueAfter = db.prepare('SELECT min(queue) AS queue FROM jobs WHERE queue > ?');

  return {
    nextSeq() {
      lastSeq += 1;
      return lastSeq;
    },
    has: (queue, id) => exists.get(queue, id) !== undefined,
    count: (queue) => Number(countRows.get(queue)?.count),
    insert({ seq, queue, id, data, runAt, failures, attempts, baseMs, capMs }, delayMs) {
      const row = [seq, queue, id, data, runAt, delayMs, failures, attempts, baseMs, capMs] as const;
      return insert.run(...row).changes === 1;
    },
    remove: (queue, id) => void remove.run(queue, id),
    retry: (queue, id, runAt, delayMs) => void retry.run(runAt, delayMs, queue, id),
    bury: (queue, id, reason, diedAt) => void bury.run(diedAt, reason, queue, id),
    redrive: (queue, id, runAt) => redrive.run(runAt, queue, id).changes === 1,
    discard: (queue, id) => discard.run(queue, id).changes === 1,
    due: (queue, at, limit) => due.all(queue, at, limit) as unknown as PlacedJob[],
    nextDue(queue, at) {
      const runAt = nextDue.get(queue, at)?.runAt;
      return runAt === undefined ? undefined : Number(runAt);
    },
    counts: (queue, at) => counts.get(at, at, queue) as { dead: number; delayed: number; due: number },
    queues(prefix) {
      // One look-up for each name: a DISTINCT would scan all rows.
      const names: string[] = [];
      let name = firstQueue.get(prefix)?.queue;
      while (typeof name === 'string' && name.startsWith(prefix)) {
        names.push(name);
        name = queueAfter.get(name)?.queue;
      }
      return names;
    },
  };
}
