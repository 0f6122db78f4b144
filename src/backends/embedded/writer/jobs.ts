/**
 * The queues. A job lives in memory until its first run has ended: one that succeeds at once costs no row and no
 * transaction. Retries, dead letters and delayed jobs are rows, and so are jobs for which memory has no room. Only
 * memory knows which jobs run: one process holds the file, so after a crash no job runs.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import type { AddedJob, JobOp, TakenJob, TakeReply } from '../protocol.ts';
import { type HeldJob, isBefore, type JobQueue, jobQueue, type Place } from './job-queue.ts';
import { openJobRows } from './job-rows.ts';

/** Due rows of a queue that are read into memory at a time. */
const READ_AHEAD = 256;

export interface JobWriter {
  /** Whether the operation would write rows now. */
  needsTransaction(op: JobOp): boolean;
  apply(op: JobOp): unknown;
  /** Queues that may have got jobs to take since the last call. */
  touched(): string[];
  /** Lets the running jobs of these consumers wait again. */
  release(takers: ReadonlySet<string>): void;
  committed(): void;
  rolledBack(): void;
  /** Writes rows for the jobs that are in memory only. */
  keepAll(): void;
}

export interface JobLimits {
  /** How many jobs may be in memory without a row. Further jobs become rows. */
  readonly jobsInMemory: number;
}

interface Queue extends JobQueue {
  /** Number of all its rows; `undefined` until it is counted, and after a rollback. */
  rowCount: number | undefined;
  /** No row that is missing in memory is due before this time. */
  nextRowAt: number;
  /** Place of the last row that was read into memory. Rows that are missing come after it. */
  readTo: Place | undefined;
}

/**
 * ms since 1970 at the start of the thread, plus the monotonic time since then: setting the wall clock does not change
 * it.
 */
function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

export function jobWriter(db: DatabaseSync, { jobsInMemory }: JobLimits, now: () => number = steadyNow): JobWriter {
  const rows = openJobRows(db, Math.floor(now()));
  const queues = new Map<string, Queue>();
  const touched = new Set<string>();
  let withoutRow = 0;
  /** Changes of the state in memory that wait for the commit. */
  let onCommit: (() => void)[] = [];

  const queueOf = (name: string): Queue => {
    const known = queues.get(name);
    if (known !== undefined) return known;
    const unread = { rowCount: undefined, nextRowAt: Number.NEGATIVE_INFINITY, readTo: undefined };
    const queue: Queue = Object.assign(jobQueue(), unread);
    queues.set(name, queue);
    return queue;
  };
  const hasRow = (queue: Queue, name: string, id: string): boolean => {
    queue.rowCount ??= rows.count(name);
    return queue.rowCount > 0 && rows.has(name, id);
  };
  const addedRow = (name: string, runAt: number): void => {
    const queue = queueOf(name);
    if (queue.rowCount !== undefined) queue.rowCount += 1;
    queue.nextRowAt = Math.min(queue.nextRowAt, runAt);
  };
  const drop = (queue: Queue, id: string): void => {
    if (queue.active(id)?.hasRow === false) withoutRow -= 1;
    queue.drop(id);
  };

  const add = ({ delayMs, ...job }: AddedJob): void => {
    const queue = queueOf(job.queue);
    if (queue.held.has(job.id) || hasRow(queue, job.queue, job.id)) return;
    const runAt = delayMs > 0 ? Math.ceil(now() + delayMs) : Math.floor(now());
    const placed = { ...job, failures: 0, seq: rows.nextSeq(), runAt };
    touched.add(job.queue);
    if (delayMs <= 0 && withoutRow < jobsInMemory) {
      queue.put({ ...placed, hasRow: false });
      withoutRow += 1;
    } else if (rows.insert(placed, Math.max(0, Math.ceil(delayMs)))) addedRow(job.queue, runAt);
  };

  /** Reads due rows into memory, each at its place among the waiting jobs. */
  const readAhead = (queue: Queue, name: string, at: number): void => {
    const limit = READ_AHEAD + queue.rows;
    const due = rows.due(name, at, limit);
    for (const row of due) if (!queue.held.has(row.id)) queue.put({ ...row, hasRow: true });
    queue.readTo = due.at(-1) ?? queue.readTo;
    queue.nextRowAt = due.length < limit ? (rows.nextDue(name, at) ?? Number.POSITIVE_INFINITY) : at;
  };

  /** Whether rows that are missing in memory may come before its first waiting job. */
  const mayFollowRows = ({ next, readTo }: Queue): boolean =>
    next === undefined || readTo === undefined || isBefore(readTo, next);

  const take = (name: string, limit: number, taker: string): { jobs: HeldJob[]; nextInMs: number | undefined } => {
    const queue = queueOf(name);
    const at = Math.floor(now());
    const jobs: HeldJob[] = [];
    while (jobs.length < limit) {
      if (queue.nextRowAt <= at && mayFollowRows(queue)) readAhead(queue, name, at);
      const job = queue.take(taker);
      if (job === undefined) break;
      jobs.push(job);
    }
    const isDrained = jobs.length < limit && queue.nextRowAt < Number.POSITIVE_INFINITY;
    return { jobs, nextInMs: isDrained ? queue.nextRowAt - at : undefined };
  };

  const takeAll = ({ wants, taker }: Extract<JobOp, { kind: 'takeJobs' }>): TakeReply => {
    const taken = wants.map(({ queue, limit }) => ({ queue, ...take(queue, limit, taker) }));
    return {
      jobs: taken.flatMap(({ jobs }) => jobs.map(asTaken)),
      nextInMs: taken.flatMap(({ queue, nextInMs }) => (nextInMs === undefined ? [] : [[queue, nextInMs]])),
    };
  };

  const finish = (name: string, id: string): void => {
    const queue = queueOf(name);
    if (queue.active(id)?.hasRow !== true) {
      drop(queue, id);
      return;
    }
    rows.remove(name, id);
    onCommit.push(() => {
      if (queue.rowCount !== undefined) queue.rowCount -= 1;
      drop(queue, id);
    });
  };

  const retry = ({ queue: name, id, delayMs }: Extract<JobOp, { kind: 'retryJob' }>): void => {
    const queue = queueOf(name);
    const job = queue.active(id);
    if (job === undefined) return;
    const runAt = Math.ceil(now() + delayMs);
    const atMost = Math.ceil(delayMs);
    if (job.hasRow) rows.retry(name, id, runAt, atMost);
    else rows.insert({ ...job, failures: job.failures + 1, runAt, seq: rows.nextSeq() }, atMost);
    onCommit.push(() => {
      drop(queue, id);
      if (job.hasRow) queue.nextRowAt = Math.min(queue.nextRowAt, runAt);
      else addedRow(name, runAt);
      touched.add(name);
    });
  };

  const bury = ({ queue: name, id, reason, diedAt }: Extract<JobOp, { kind: 'buryJob' }>): void => {
    const queue = queueOf(name);
    const job = queue.active(id);
    if (job === undefined) return;
    if (!job.hasRow) rows.insert(job, 0);
    rows.bury(name, id, reason, diedAt);
    onCommit.push(() => {
      drop(queue, id);
      if (!job.hasRow) addedRow(name, Number.POSITIVE_INFINITY);
    });
  };

  const redrive = (name: string, id: string): boolean => {
    const runAt = Math.floor(now());
    if (!rows.redrive(name, id, runAt)) return false;
    onCommit.push(() => {
      const queue = queueOf(name);
      queue.nextRowAt = Math.min(queue.nextRowAt, runAt);
      touched.add(name);
    });
    return true;
  };

  const discard = (name: string, id: string): boolean => {
    if (!rows.discard(name, id)) return false;
    onCommit.push(() => {
      const queue = queueOf(name);
      if (queue.rowCount !== undefined) queue.rowCount -= 1;
    });
    return true;
  };

  const release = (name: string, id: string, to: 'place' | 'end'): void => {
    const place = to === 'end' ? { runAt: Math.floor(now()), seq: rows.nextSeq() } : undefined;
    if (queueOf(name).release(id, place)) touched.add(name);
  };

  const count = (name: string) => {
    const queue = queueOf(name);
    const { dead, delayed, due } = rows.counts(name, Math.floor(now()));
    return { dead, delayed, active: queue.running, waiting: queue.waiting + due - queue.rows };
  };

  const list = (prefix: string): string[] => {
    const held = [...queues].filter(([name, queue]) => queue.held.size > 0 && name.startsWith(prefix));
    return [...new Set([...held.map(([name]) => name), ...rows.queues(prefix)])];
  };

  return {
    needsTransaction(op) {
      switch (op.kind) {
        case 'takeJobs':
        case 'releaseJob':
        case 'countJobs':
        case 'listQueues':
          return false;
        case 'addJobs':
          return withoutRow + op.jobs.length > jobsInMemory || op.jobs.some(({ delayMs }) => delayMs > 0);
        case 'finishJob':
          return queueOf(op.queue).active(op.id)?.hasRow === true;
        case 'retryJob':
        case 'buryJob':
        case 'redriveJob':
        case 'discardJob':
          return true;
        default:
          return assertNever(op);
      }
    },
    apply(op) {
      switch (op.kind) {
        case 'addJobs':
          return op.jobs.forEach(add);
        case 'takeJobs':
          return takeAll(op);
        case 'finishJob':
          return finish(op.queue, op.id);
        case 'retryJob':
          return retry(op);
        case 'releaseJob':
          return release(op.queue, op.id, op.to);
        case 'buryJob':
          return bury(op);
        case 'redriveJob':
          return redrive(op.queue, op.id);
        case 'discardJob':
          return discard(op.queue, op.id);
        case 'countJobs':
          return count(op.queue);
        case 'listQueues':
          return list(op.prefix);
        default:
          return assertNever(op);
      }
    },
    touched() {
      const names = [...touched];
      touched.clear();
      return names;
    },
    release(takers) {
      for (const [name, queue] of queues)
        for (const taker of takers) for (const id of queue.takenBy(taker)) release(name, id, 'place');
    },
    committed() {
      for (const effect of onCommit) effect();
      onCommit = [];
    },
    rolledBack() {
      onCommit = [];
      for (const queue of queues.values()) {
        queue.rowCount = undefined;
        queue.nextRowAt = Number.NEGATIVE_INFINITY;
        queue.readTo = undefined;
      }
    },
    keepAll() {
      for (const { held } of queues.values()) for (const job of held.values()) if (!job.hasRow) rows.insert(job, 0);
    },
  };
}

function asTaken({ id, queue, data, attempts, baseMs, capMs, failures }: HeldJob): TakenJob {
  return { id, queue, data, attempts, baseMs, capMs, failures };
}
