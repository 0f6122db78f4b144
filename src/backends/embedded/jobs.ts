import type { ConsumeOptions, Consumer, DeadLetter, Jobs, NewJob } from '../../ports/jobs.ts';
import type { EmbeddedThread } from './connection/connection.ts';
import { jobConsumer, type QueueSignals } from './job-consumer.ts';
import type { JobRow } from './protocol.ts';

interface DeadRow {
  readonly id: string;
  readonly queue: string;
  readonly data: string;
  readonly attempts: number;
  readonly redrives: number;
  readonly reason: string;
  readonly diedAt: number;
}

export function embeddedJobs({ prepare, link, drainNotices }: EmbeddedThread): Jobs {
  const listeners = new Set<(queues: readonly string[]) => void>();
  link.onNotice(({ queues }) => {
    if (queues.length > 0) for (const listener of listeners) listener(queues);
  });
  const signals: QueueSignals = {
    onTouched(queue, listener) {
      const onQueues = (queues: readonly string[]): void => {
        if (queues.includes(queue)) listener();
      };
      listeners.add(onQueues);
      return () => void listeners.delete(onQueues);
    },
  };

  const selectQueues = prepare('SELECT DISTINCT queue FROM jobs');
  const count = prepare(
    `SELECT count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,
            count(*) FILTER (WHERE dead_at IS NULL AND run_at > ?) AS delayed,
            count(*) FILTER (WHERE dead_at IS NULL AND run_at <= ?) AS due
     FROM jobs WHERE queue = ?`,
  );
  const selectDead = prepare(
    `SELECT id, queue, data, attempts, redrives, reason, dead_at AS diedAt
     FROM jobs WHERE queue = ? AND dead_at IS NOT NULL ORDER BY dead_at, seq LIMIT ?`,
  );

  return {
    async add(jobs) {
      if (jobs.length === 0) return;
      const now = Date.now();
      await link.send({ kind: 'addJobs', jobs: jobs.map((job) => rowOf(job, now)) });
    },
    consume: <D>(options: ConsumeOptions<D>): Consumer => jobConsumer(link, signals, options),
    async queues() {
      drainNotices();
      return selectQueues.all().map(({ queue }) => String(queue));
    },
    async counts(queue) {
      const active = await link.send<number>({ kind: 'countActive', queue });
      const now = Date.now();
      const { dead, delayed, due } = count.get(now, now, queue) as { dead: number; delayed: number; due: number };
      return { dead, delayed, active, waiting: Math.max(0, due - active) };
    },
    async deadLetters<D>(queue: string, limit: number) {
      drainNotices();
      return (selectDead.all(queue, limit) as unknown as DeadRow[]).map(
        ({ data, ...row }): DeadLetter<D> => ({ ...row, data: JSON.parse(data) as D }),
      );
    },
    redrive: (queue, id) => link.send<boolean>({ kind: 'redriveJob', queue, id, now: Date.now() }),
  };
}

function rowOf<D>(job: NewJob<D>, now: number): JobRow {
  return {
    id: job.id,
    queue: job.queue,
    data: JSON.stringify(job.data),
    runAt: now + Math.max(0, Math.ceil(job.delayMs ?? 0)),
    attempts: job.attempts,
    baseMs: job.backoff.baseMs,
    capMs: job.backoff.capMs,
  };
}
