import type { ConsumeOptions, Consumer, DeadLetter, Jobs, NewJob, QueueCounts } from '../../ports/jobs.ts';
import type { EmbeddedThread } from './connection/connection.ts';
import { jobConsumer, type QueueSignals } from './job-consumer.ts';
import type { AddedJob } from './protocol.ts';

interface DeadRow {
  readonly id: string;
  readonly queue: string;
  readonly data: string;
  readonly attempts: number;
  readonly reason: string;
  readonly diedAt: number;
}

export function embeddedJobs({ prepare, link, drainNotices }: EmbeddedThread): Jobs {
  const listeners = new Set<(queues: readonly string[]) => void>();
  link.onNotice(({ queues }) => {
    if (queues.length > 0) for (const listener of listeners) listener(queues);
  });
  const signals: QueueSignals = {
    onTouched(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  const selectDead = prepare(
    `SELECT id, queue, data, attempts, reason, dead_at AS diedAt FROM jobs
     WHERE queue = ? AND dead_at IS NOT NULL AND (dead_at, id) > (?, ?) ORDER BY dead_at, id LIMIT ?`,
  );

  return {
    async add(jobs) {
      if (jobs.length > 0) await link.send({ kind: 'addJobs', jobs: jobs.map(addedJob) });
    },
    consume: <D>(options: ConsumeOptions<D>): Consumer => jobConsumer(link, signals, options),
    queues: () => link.send<string[]>({ kind: 'listQueues', prefix: '' }),
    counts: (queue) => link.send<QueueCounts>({ kind: 'countJobs', queue }),
    async deadLetters<D>(queue: string, limit: number, after = { diedAt: Number.MIN_SAFE_INTEGER, id: '' }) {
      drainNotices();
      return (selectDead.all(queue, after.diedAt, after.id, limit) as unknown as DeadRow[]).map(
        ({ data, ...row }): DeadLetter<D> => ({ ...row, data: JSON.parse(data) as D }),
      );
    },
    redrive: (queue, id) => link.send<boolean>({ kind: 'redriveJob', queue, id }),
    discard: (queue, id) => link.send<boolean>({ kind: 'discardJob', queue, id }),
  };
}

function addedJob<D>({ id, queue, data, delayMs = 0, attempts, backoff }: NewJob<D>): AddedJob {
  const { baseMs, capMs } = backoff;
  return { id, queue, data: JSON.stringify(data), delayMs, attempts, baseMs, capMs };
}
