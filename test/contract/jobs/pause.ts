import { describe, expect, test } from 'vitest';
import { PauseQueue } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate, range, shared } from '../support.ts';
import { aJob, aQueue, EARLY_MS, numbers, work } from './samples.ts';

export function pauseContract(open: OpenJobs): void {
  describe('PauseQueue', () => {
    const backend = shared(open);
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };

    test('costs no attempt: the job runs again as often as it is put back', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, () => {
        if (worker.runs.length < 5) throw new PauseQueue('not now', 10);
      });
      await jobs.add([aJob(queue, { attempts: 1 })]);
      await eventually(() => expect(worker.runs).toHaveLength(5));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1, 1, 1]);
    });

    test('of no time makes way: the job goes to the end of its queue', async () => {
      const { jobs, other = jobs } = backend();
      for (const connection of [jobs, other]) {
        const queue = aQueue();
        await jobs.add(range(4).map((n) => aJob(queue, { data: { n }, attempts: 1 })));
        const worker = work(connection, queue, ({ data }) => {
          if (data.n < 2 && worker.runs.length <= 4) throw new PauseQueue('others first', 0);
        });
        await eventually(() => expect(numbers(worker)).toEqual([0, 1, 2, 3, 0, 1]));
        expect(worker.runs.map(({ attempt }) => attempt)).toEqual(range(6).map(() => 1));
      }
    });

    test('of no time holds up no job: the others go on, and so does this one', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, ({ data }) => {
        if (data.n === 0 && worker.runs.filter((run) => run.data.n === 0).length < 20)
          throw new PauseQueue('once more', 0);
      });
      await jobs.add(range(5).map((n) => aJob(queue, { data: { n }, attempts: 1 })));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
      expect(numbers(worker).filter((n) => n === 0)).toHaveLength(20);
      expect(new Set(numbers(worker))).toEqual(new Set(range(5)));
    });

    test('the consumer takes no other job until the pause is over', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      let pausedAt: number | undefined;
      const worker = work(jobs, queue, () => {
        if (pausedAt !== undefined) return;
        pausedAt = performance.now();
        throw new PauseQueue('not now', 300);
      });
      await jobs.add(range(5).map((n) => aJob(queue, { data: { n } })));
      await eventually(() => expect(worker.runs).toHaveLength(6));
      expect((worker.runs[1]?.startedAt ?? 0) - (pausedAt ?? 0)).toBeGreaterThanOrEqual(300 - EARLY_MS);
      expect(new Set(numbers(worker))).toEqual(new Set(range(5)));
    });

    test('also jobs that are added during the pause wait for its end', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      let pausedAt: number | undefined;
      await jobs.add([aJob(queue)]);
      const worker = work(jobs, queue, () => {
        if (pausedAt !== undefined) return;
        pausedAt = performance.now();
        throw new PauseQueue('not now', 300);
      });
      await eventually(() => expect(pausedAt).toBeDefined());
      await jobs.add([aJob(queue)]);
      await eventually(() => expect(worker.runs).toHaveLength(3));
      expect((worker.runs[1]?.startedAt ?? 0) - (pausedAt ?? 0)).toBeGreaterThanOrEqual(300 - EARLY_MS);
    });

    test('running jobs go on, and other queues too', async () => {
      const { jobs } = backend();
      const [queue, other] = [aQueue(), aQueue()];
      const hold = gate();
      let finished = false;
      await jobs.add([aJob(queue, { data: { n: 1 } }), aJob(queue, { data: { n: 2 } })]);
      const worker = work(
        jobs,
        queue,
        async ({ data }) => {
          if (data.n === 2) throw new PauseQueue('not now', 60_000);
          await hold.opened;
          finished = true;
        },
        { concurrency: 2 },
      );
      await eventually(() => expect(worker.runs).toHaveLength(2));
      await jobs.add([aJob(other)]);
      const free = work(jobs, other);
      await eventually(() => expect(free.runs).toHaveLength(1));
      hold.open();
      await eventually(() => expect(finished).toBe(true));
      await eventually(async () => expect((await jobs.counts(queue)).active).toBe(0));
      const { waiting, delayed, dead } = await jobs.counts(queue);
      expect({ held: waiting + delayed, dead }).toEqual({ held: 1, dead: 0 });
    });

    test('of a second holds up the consumer that it was thrown in, also if other jobs of the queue end', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      let pausedAt: number | undefined;
      const pausing = work(jobs, queue, () => {
        if (pausedAt !== undefined) return;
        pausedAt = performance.now();
        throw new PauseQueue('not now', 1_000);
      });
      await jobs.add([aJob(queue, { data: { n: 0 }, attempts: 1 })]);
      await eventually(() => expect(pausedAt).toBeDefined());
      const going = work(other, queue);
      await jobs.add(range(10).map((n) => aJob(queue, { data: { n: n + 1 }, attempts: 1 })));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
      const [first, ...later] = pausing.runs;
      expect(first?.data.n).toBe(0);
      for (const { startedAt } of later) expect(startedAt - (pausedAt ?? 0)).toBeGreaterThanOrEqual(1_000 - EARLY_MS);
      const handled = [...later, ...going.runs];
      expect(handled.map(({ data }) => data.n).sort((a, b) => a - b)).toEqual(range(11));
      expect(handled.map(({ attempt }) => attempt)).toEqual(handled.map(() => 1));
      expect(await jobs.deadLetters(queue, 5)).toEqual([]);
    });

    test('thrown in several consumers at once loses no job and costs none an attempt', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const paused = new Set<number>();
      const workers = range(4).map((n) =>
        work(
          n % 2 === 0 ? jobs : other,
          queue,
          ({ data }) => {
            if (paused.has(data.n)) return;
            paused.add(data.n);
            throw new PauseQueue('not now', 20);
          },
          { concurrency: 3 },
        ),
      );
      await jobs.add(range(30).map((n) => aJob(queue, { data: { n }, attempts: 1 })));
      await eventually(() => expect(workers.flatMap(numbers)).toHaveLength(60));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
      for (const n of range(30)) expect(workers.flatMap(numbers).filter((m) => m === n)).toEqual([n, n]);
      expect(workers.flatMap(({ runs }) => runs.map(({ attempt }) => attempt))).toEqual(range(60).map(() => 1));
    });
  });
}
