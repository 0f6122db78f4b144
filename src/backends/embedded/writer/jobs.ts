/**
 * The job table. Which jobs are being handled is known in memory only: the file is held by one process, so after a
 * crash every job that is not dead waits again, which is what its handler is made for.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import type { JobOp, JobRow, TakenJob, TakeReply } from '../protocol.ts';

/** Jobs of a queue that are read at once. */
const READ_AHEAD = 256;

export interface JobWriter {
  apply(op: JobOp): unknown;
  /** Queues that may have something to take since the last call. */
  touched(): string[];
  /** What was taken in the transaction stays taken. */
  committed(): void;
  /** What was taken in a transaction that was rolled back is free again. */
  rolledBack(): void;
}

export function jobWriter(db: DatabaseSync): JobWriter {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO jobs (queue, id, data, run_at, attempts, base_ms, cap_ms) VALUES (?, ?, ?, ?, ?, ?, ?)`,
  );
  const due = db.prepare(
    `SELECT queue, id, data, run_at AS runAt, attempts, base_ms AS baseMs, cap_ms AS capMs, failures, redrives
     FROM jobs WHERE queue = ? AND dead_at IS NULL AND run_at <= ? ORDER BY run_at, seq LIMIT ?`,
  );
  const nextDue = db.prepare(
    'SELECT run_at AS runAt FROM jobs WHERE queue = ? AND dead_at IS NULL AND run_at > ? ORDER BY run_at LIMIT 1',
  );
  const remove = db.prepare('DELETE FROM jobs WHERE queue = ? AND id = ?');
  const retry = db.prepare('UPDATE jobs SET failures = failures + 1, run_at = ? WHERE queue = ? AND id = ?');
  const bury = db.prepare(
    'UPDATE jobs SET failures = failures + 1, dead_at = ?, reason = ? WHERE queue = ? AND id = ? AND dead_at IS NULL',
  );
  const redrive = db.prepare(
    `UPDATE jobs SET dead_at = NULL, reason = NULL, failures = 0, redrives = redrives + 1, run_at = ?
     WHERE queue = ? AND id = ? AND dead_at IS NOT NULL`,
  );

  const active = new Map<string, Set<string>>();
  const touched = new Set<string>();
  let taken: [queue: string, id: string][] = [];
  const activeOf = (queue: string): Set<string> => {
    const ids = active.get(queue) ?? new Set();
    active.set(queue, ids);
    return ids;
  };
  const settle = (queue: string, id: string): void => void active.get(queue)?.delete(id);

  /** Jobs that are due, read ahead in their order: a queue with many is not searched for each few. */
  const ahead = new Map<string, TakenJob[]>();

  const dueOf = (queue: string, limit: number, now: number): TakenJob[] => {
    const known = ahead.get(queue);
    if (known !== undefined && known.length > 0) return known;
    const busy = activeOf(queue);
    const rows = due.all(queue, now, Math.max(limit, READ_AHEAD) + busy.size) as unknown as TakenJob[];
    const free = rows.filter(({ id }) => !busy.has(id));
    ahead.set(queue, free);
    return free;
  };

  const take = (queue: string, limit: number, now: number): TakeReply => {
    const jobs: TakenJob[] = [];
    while (jobs.length < limit) {
      const more = dueOf(queue, limit, now).splice(0, limit - jobs.length);
      if (more.length === 0) break;
      for (const { id } of more) {
        activeOf(queue).add(id);
        taken.push([queue, id]);
      }
      jobs.push(...more);
    }
    const nextAt = jobs.length < limit ? nextDue.get(queue, now)?.runAt : undefined;
    return { jobs: jobs.map((job) => ({ ...job })), nextAt: nextAt === undefined ? undefined : Number(nextAt) };
  };

  const add = ({ queue, id, data, runAt, attempts, baseMs, capMs }: JobRow): void => {
    insert.run(queue, id, data, runAt, attempts, baseMs, capMs);
    touched.add(queue);
  };

  return {
    apply(op) {
      switch (op.kind) {
        case 'addJobs':
          return op.jobs.forEach(add);
        case 'takeJobs':
          return take(op.queue, op.limit, op.now);
        case 'finishJob':
          remove.run(op.queue, op.id);
          return settle(op.queue, op.id);
        case 'retryJob':
          retry.run(op.runAt, op.queue, op.id);
          touched.add(op.queue);
          return settle(op.queue, op.id);
        case 'releaseJob':
          // It comes before those that were read ahead.
          ahead.delete(op.queue);
          touched.add(op.queue);
          return settle(op.queue, op.id);
        case 'buryJob':
          bury.run(op.now, op.reason, op.queue, op.id);
          return settle(op.queue, op.id);
        case 'redriveJob':
          touched.add(op.queue);
          return redrive.run(op.now, op.queue, op.id).changes === 1;
        case 'countActive':
          return active.get(op.queue)?.size ?? 0;
        default:
          return assertNever(op);
      }
    },
    touched() {
      const queues = [...touched];
      touched.clear();
      return queues;
    },
    committed() {
      taken = [];
    },
    rolledBack() {
      for (const [queue, id] of taken) settle(queue, id);
      taken = [];
      ahead.clear();
    },
  };
}
