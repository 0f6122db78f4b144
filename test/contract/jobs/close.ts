import { describe, expect, test } from 'vitest';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate, PATIENCE_MS, range, shared } from '../support.ts';
import { aJob, aQueue, numbers, work } from './samples.ts';

export function closeContract(open: OpenJobs): void {
  describe('closing a consumer', () => {
    const backend = shared(open);
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };

    test('waits for the running jobs, and takes no more', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const hold = gate();
      await jobs.add(range(6).map((n) => aJob(queue, { data: { n } })));
      let finished = 0;
      const worker = work(
        jobs,
        queue,
        async () => {
          await hold.opened;
          finished += 1;
        },
        { concurrency: 2 },
      );
      await eventually(() => expect(worker.runs).toHaveLength(2));
      let closed = false;
      const closing = worker.close(PATIENCE_MS).then(() => {
        closed = true;
      });
      await jobs.add([aJob(queue, { data: { n: 6 } })]);
      await jobs.counts(queue);
      expect(closed).toBe(false);
      hold.open();
      await closing;
      expect(finished).toBe(2);
      expect(numbers(worker)).toEqual([0, 1]);
      expect(await jobs.counts(queue)).toEqual({ ...empty, waiting: 5 });
      const next = work(jobs, queue);
      await eventually(() => expect(numbers(next)).toEqual([2, 3, 4, 5, 6]));
    });

    test('is done at once when nothing runs', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue);
      await jobs.add([aJob(queue)]);
      await eventually(async () => {
        expect(worker.runs).toHaveLength(1);
        expect(await jobs.counts(queue)).toEqual(empty);
      });
      await worker.close(3_600_000);
    });

    test('aborts the jobs that still run after the grace; they run again at no cost', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      await jobs.add([aJob(queue, { attempts: 1 })]);
      const aborted = gate();
      const worker = work(jobs, queue, async (_job, signal) => {
        await new Promise<void>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.open();
            reject(signal.reason);
          });
        });
      });
      await eventually(() => expect(worker.runs).toHaveLength(1));
      await worker.close(20);
      await aborted.opened;
      const next = work(other, queue);
      await eventually(() => expect(next.runs).toHaveLength(1));
      expect(next.runs[0]).toMatchObject({ attempt: 1 });
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
    });

    test('a job that ends after it was aborted is done', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add([aJob(queue)]);
      const worker = work(jobs, queue, async (_job, signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      });
      await eventually(() => expect(worker.runs).toHaveLength(1));
      await worker.close(0);
      expect(await jobs.counts(queue)).toEqual(empty);
    });

    test('leaves the other consumers of the queue alone', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const [leaving, staying] = [work(jobs, queue), work(jobs, queue)];
      await leaving.close(1000);
      await jobs.add(range(5).map((n) => aJob(queue, { data: { n } })));
      await eventually(() => expect(numbers(staying)).toEqual(range(5)));
      expect(leaving.runs).toEqual([]);
    });
  });
}
