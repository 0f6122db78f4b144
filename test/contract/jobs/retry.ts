import { describe, expect, test } from 'vitest';
import { RetryJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, shared } from '../support.ts';
import { aJob, aQueue, EARLY_MS, numbers, type Worker, work } from './samples.ts';

const MINUTE_MS = 60_000;

export function retryContract(open: OpenJobs): void {
  describe('a run that failed', () => {
    const backend = shared(open);
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };

    test('is followed by another, until one succeeds, and each is reported', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue, { attempts: 5 });
      const told: unknown[] = [];
      const worker = work(
        jobs,
        queue,
        ({ attempt }) => {
          if (attempt < 3) throw new RetryJob(`failure ${attempt}`);
        },
        { onError: (error, failed) => told.push([(error as Error).message, failed?.id, failed?.attempt]) },
      );
      await jobs.add([job]);
      await eventually(() => expect(worker.runs).toHaveLength(3));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      expect(told).toEqual([
        ['failure 1', job.id, 1],
        ['failure 2', job.id, 2],
      ]);
    });

    test.each([['an error'], ['a rejection'], ['a text'], ['nothing']])('with %s thrown counts alike', async (what) => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, ({ attempt }) => {
        if (attempt === 2) return;
        if (what === 'a rejection') return Promise.reject(new TypeError('x'));
        throw { 'an error': new TypeError('x'), 'a text': 'x' }[what];
      });
      await jobs.add([aJob(queue)]);
      await eventually(() => expect(worker.runs).toHaveLength(2));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
    });

    test('gets the data as it was added, even if the run before changed its copy', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const seen: number[] = [];
      work(jobs, queue, ({ data, attempt }) => {
        seen.push(data.n);
        (data as { n: number }).n += 1;
        if (attempt < 3) throw new RetryJob('again');
      });
      await jobs.add([aJob(queue, { data: { n: 5 } })]);
      await eventually(() => expect(seen).toEqual([5, 5, 5]));
    });

    test('waits at least half of the backoff, which doubles', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, ({ attempt }) => {
        if (attempt < 4) throw new RetryJob('again');
      });
      await jobs.add([aJob(queue, { attempts: 4, backoff: { baseMs: 80, capMs: MINUTE_MS } })]);
      await eventually(() => expect(worker.runs).toHaveLength(4));
      for (const [index, least] of [40, 80, 160].entries())
        expect(waitBefore(worker, index + 1)).toBeGreaterThanOrEqual(least - EARLY_MS);
    });

    test('waits no longer than the cap', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, ({ attempt }) => {
        if (attempt < 6) throw new RetryJob('again');
      });
      await jobs.add([aJob(queue, { attempts: 6, backoff: { baseMs: MINUTE_MS, capMs: 10 } })]);
      await eventually(() => expect(worker.runs).toHaveLength(6));
    });

    test('waits no longer than it asks for, and no longer for asking for more', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, ({ attempt }) => {
        if (attempt === 1) throw new RetryJob('again', 20);
      });
      await jobs.add([aJob(queue, { backoff: { baseMs: MINUTE_MS, capMs: MINUTE_MS } })]);
      await eventually(() => expect(worker.runs).toHaveLength(2));

      const patient = aQueue();
      const other = work(jobs, patient, ({ attempt }) => {
        if (attempt === 1) throw new RetryJob('again', MINUTE_MS);
      });
      await jobs.add([aJob(patient)]);
      await eventually(() => expect(other.runs).toHaveLength(2));
    });

    test('lets others go first while it waits', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add([aJob(queue, { data: { n: 1 }, backoff: { baseMs: MINUTE_MS, capMs: MINUTE_MS } })]);
      await jobs.add([aJob(queue, { data: { n: 2 } })]);
      const worker = work(jobs, queue, ({ data }) => {
        if (data.n === 1) throw new RetryJob('again');
      });
      await eventually(() => expect(numbers(worker)).toEqual([1, 2]));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual({ ...empty, delayed: 1 }));
    });
  });
}

/** ms between a run and the one before. */
function waitBefore(worker: Worker, index: number): number {
  return (worker.runs[index]?.startedAt ?? 0) - (worker.runs[index - 1]?.startedAt ?? 0);
}
