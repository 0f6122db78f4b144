import { describe, expect, test } from 'vitest';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate, range, shared } from '../support.ts';
import { aJob, aQueue, EARLY_MS, numbers, work } from './samples.ts';

export function runContract(open: OpenJobs): void {
  describe('running', () => {
    const backend = shared(open);

    test('oldest first', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add(range(10).map((n) => aJob(queue, { data: { n } })));
      for (const n of range(10)) await jobs.add([aJob(queue, { data: { n: 10 + n } })]);
      const worker = work(jobs, queue);
      await eventually(() => expect(worker.runs).toHaveLength(20));
      expect(numbers(worker)).toEqual(range(20));
    });

    test('a waiting consumer is woken by a job, through whichever connection it was added', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue);
      for (const n of range(6)) {
        await (n % 2 === 0 ? jobs : other).add([aJob(queue, { data: { n } })]);
        await eventually(() => expect(worker.runs).toHaveLength(n + 1), 1000);
      }
    });

    test('not before the delay is over, and no other job waits for it', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue);
      const addedAt = performance.now();
      await jobs.add([aJob(queue, { data: { n: 1 }, delayMs: 400 })]);
      expect((await jobs.counts(queue)).delayed).toBe(1);
      await jobs.add([aJob(queue, { data: { n: 2 } })]);
      await eventually(() => expect(worker.runs).toHaveLength(2));
      expect(numbers(worker)).toEqual([2, 1]);
      expect((worker.runs[1]?.startedAt ?? 0) - addedAt).toBeGreaterThanOrEqual(400 - EARLY_MS);
    });

    test('delays are each their own', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue);
      await jobs.add([300, 100, 200].map((delayMs, n) => aJob(queue, { data: { n }, delayMs })));
      await eventually(() => expect(worker.runs).toHaveLength(3));
      expect(numbers(worker)).toEqual([1, 2, 0]);
    });

    test('as many at once as the concurrency allows, and never more', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const hold = gate();
      let running = 0;
      let most = 0;
      await jobs.add(range(30).map((n) => aJob(queue, { data: { n } })));
      const worker = work(
        jobs,
        queue,
        async () => {
          running += 1;
          most = Math.max(most, running);
          await hold.opened;
          running -= 1;
        },
        { concurrency: 3 },
      );
      await eventually(() => expect(running).toBe(3));
      await eventually(async () => expect(await jobs.counts(queue)).toMatchObject({ active: 3, waiting: 27 }));
      hold.open();
      await eventually(() => expect(worker.runs).toHaveLength(30));
      await eventually(async () => expect((await jobs.counts(queue)).active).toBe(0));
      expect(most).toBe(3);
      expect(new Set(numbers(worker)).size).toBe(30);
    });

    test('one queue does not wait for another', async () => {
      const { jobs } = backend();
      const [stuck, free] = [aQueue(), aQueue()];
      const hold = gate();
      await jobs.add([aJob(stuck), aJob(stuck), aJob(free, { data: { n: 1 } }), aJob(free, { data: { n: 2 } })]);
      const holding = work(jobs, stuck, () => hold.opened);
      await eventually(() => expect(holding.runs).toHaveLength(1));
      const worker = work(jobs, free);
      await eventually(() => expect(numbers(worker)).toEqual([1, 2]));
      expect(holding.runs).toHaveLength(1);
      hold.open();
    });

    test('two consumers share a queue', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const hold = gate();
      await jobs.add(range(10).map((n) => aJob(queue, { data: { n } })));
      const busy = work(jobs, queue, () => hold.opened);
      await eventually(() => expect(busy.runs).toHaveLength(1));
      const free = work(other, queue);
      await eventually(() => expect(free.runs).toHaveLength(9));
      hold.open();
      await eventually(async () => expect((await jobs.counts(queue)).active).toBe(0));
      expect([...numbers(busy), ...numbers(free)].sort((a, b) => a - b)).toEqual(range(10));
    });

    test('each job is handled by one consumer, however many there are', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const workers = range(4).map((n) => work(n % 2 === 0 ? jobs : other, queue, undefined, { concurrency: 5 }));
      await Promise.all(range(20).map((n) => jobs.add(range(10).map((m) => aJob(queue, { data: { n: n * 10 + m } })))));
      await eventually(() => expect(workers.flatMap(numbers)).toHaveLength(200));
      await eventually(async () => expect(await jobs.counts(queue)).toMatchObject({ waiting: 0, active: 0 }));
      expect(workers.flatMap(numbers).sort((a, b) => a - b)).toEqual(range(200));
    });

    test('a handler may add jobs', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, async ({ data }) => {
        if (data.n < 4) await jobs.add([aJob(queue, { data: { n: data.n + 1 } })]);
      });
      await jobs.add([aJob(queue)]);
      await eventually(() => expect(numbers(worker)).toEqual([0, 1, 2, 3, 4]));
    });
  });
}
