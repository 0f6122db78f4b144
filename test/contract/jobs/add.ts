import { describe, expect, test } from 'vitest';
import { DeadJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate, range, shared } from '../support.ts';
import { aJob, aQueue, numbers, work } from './samples.ts';

export function addContract(open: OpenJobs): void {
  describe('adding', () => {
    const backend = shared(open);
    const HOUR_MS = 3_600_000;

    test('a job reaches its handler with all of its fields', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const data = { n: 7, text: '海尔 🧊 \u0000 \ud83d', list: [null, { __x: 1.5 }] };
      const job = { ...aJob(queue, { attempts: 9 }), data };
      await jobs.add([job]);
      const worker = work(jobs, queue);
      await eventually(() => expect(worker.runs).toHaveLength(1));
      expect(worker.runs[0]).toMatchObject({ id: job.id, queue, data, attempt: 1, attempts: 9 });
    });

    test('nothing to add is fine', async () => {
      await expect(backend().jobs.add([])).resolves.toBeUndefined();
    });

    test('an id that waits is passed over, in one call and in several at once', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue, { data: { n: 1 } });
      await jobs.add([job, { ...job, data: { n: 2 } }]);
      await Promise.all(range(10).map((n) => (n % 2 ? jobs : other).add([{ ...job, data: { n: 3 } }, aJob(queue)])));
      expect(await jobs.counts(queue)).toEqual({ waiting: 11, delayed: 0, active: 0, dead: 0 });
      const worker = work(jobs, queue);
      await eventually(() => expect(worker.runs).toHaveLength(11));
      await eventually(async () => expect((await jobs.counts(queue)).active).toBe(0));
      expect(numbers(worker)).toEqual([1, ...range(10).map(() => 0)]);
    });

    test('an id that is delayed is passed over, and keeps its delay', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue, { delayMs: HOUR_MS });
      await jobs.add([job]);
      await jobs.add([{ ...job, delayMs: 0 }]);
      expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 1, active: 0, dead: 0 });
    });

    test('an id that is being handled is passed over', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      const hold = gate();
      await jobs.add([job]);
      const worker = work(jobs, queue, () => hold.opened, { concurrency: 5 });
      await eventually(() => expect(worker.runs).toHaveLength(1));
      await jobs.add([job]);
      expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
      hold.open();
      await eventually(async () => expect((await jobs.counts(queue)).active).toBe(0));
      expect(worker.runs).toHaveLength(1);
    });

    test('an id among the dead letters is passed over', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      await jobs.add([job]);
      const worker = work(jobs, queue, () => Promise.reject(new DeadJob('no use')));
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      await jobs.add([job]);
      expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
      expect(worker.runs).toHaveLength(1);
    });

    test('an id can be used again once its job is done', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      const worker = work(jobs, queue);
      for (const n of range(3)) {
        await jobs.add([{ ...job, data: { n } }]);
        await eventually(async () =>
          expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 }),
        );
      }
      expect(numbers(worker)).toEqual([0, 1, 2]);
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    });

    test('the same id in two queues are two jobs', async () => {
      const { jobs } = backend();
      const [one, two] = [aQueue(), aQueue()];
      const job = aJob(one, { data: { n: 1 } });
      await jobs.add([job, { ...job, queue: two, data: { n: 2 } }]);
      const workers = [work(jobs, one), work(jobs, two)];
      await eventually(() => expect(workers.map(numbers)).toEqual([[1], [2]]));
    });

    test('1000 jobs fit into one call', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add(range(1000).map((n) => aJob(queue, { data: { n } })));
      expect((await jobs.counts(queue)).waiting).toBe(1000);
      const worker = work(jobs, queue, undefined, { concurrency: 50 });
      await eventually(async () => expect(await jobs.counts(queue)).toMatchObject({ waiting: 0, active: 0 }));
      expect(numbers(worker).sort((a, b) => a - b)).toEqual(range(1000));
    });

    test('a queue is named as long as it holds a job in any state', async () => {
      const { jobs } = backend();
      const [waiting, delayed, active, dead, done] = range(5).map(aQueue) as [string, string, string, string, string];
      const hold = gate();
      await jobs.add([waiting, active, dead, done].map((queue) => aJob(queue)));
      await jobs.add([aJob(delayed, { delayMs: HOUR_MS })]);
      const holding = work(jobs, active, () => hold.opened);
      work(jobs, dead, () => Promise.reject(new DeadJob('no use')));
      work(jobs, done);
      await eventually(async () => expect((await jobs.counts(dead)).dead).toBe(1));
      await eventually(() => expect(holding.runs).toHaveLength(1));
      await eventually(async () => {
        const names = await jobs.queues();
        expect(names).toEqual(expect.arrayContaining([waiting, delayed, active, dead]));
        expect(names).not.toContain(done);
        expect(new Set(names).size).toBe(names.length);
      });
      expect(await jobs.counts(active)).toEqual({ waiting: 0, delayed: 0, active: 1, dead: 0 });
      hold.open();
    });

    test('an unused queue holds nothing', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
      expect(await jobs.deadLetters(queue, 10)).toEqual([]);
      expect(await jobs.queues()).not.toContain(queue);
    });
  });
}
