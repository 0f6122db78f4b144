import { describe, expect, test } from 'vitest';
import { DeadJob, RetryJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, range, shared } from '../support.ts';
import { aJob, aQueue, work } from './samples.ts';

/** How far apart the clocks of a store and of this machine may be. */
const CLOCKS_MS = 60_000;

export function deadLetterContract(open: OpenJobs): void {
  describe('dead letters', () => {
    const backend = shared(open);

    test('a job that has used up its attempts is one, with the reason of the last', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue, { attempts: 3, data: { n: 9 } });
      const worker = work(jobs, queue, ({ attempt }) => Promise.reject(new RetryJob(`失败 ${attempt}`)));
      await jobs.add([job]);
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
      const [letter] = await jobs.deadLetters(queue, 10);
      expect(letter).toEqual({
        id: job.id,
        queue,
        data: { n: 9 },
        attempts: 3,
        reason: '失败 3',
        diedAt: expect.any(Number),
      });
      expect(Math.abs((letter?.diedAt ?? 0) - Date.now())).toBeLessThan(CLOCKS_MS);
      expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 1 });
    });

    test('DeadJob makes one at once', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, () => Promise.reject(new DeadJob('no use')));
      await jobs.add([aJob(queue, { attempts: 25 })]);
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      expect(worker.runs).toHaveLength(1);
      expect(await jobs.deadLetters(queue, 10)).toMatchObject([{ reason: 'no use', attempts: 25 }]);
    });

    test('are listed oldest first, as many as asked for', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add(range(8).map((n) => aJob(queue, { data: { n } })));
      work(jobs, queue, () => Promise.reject(new DeadJob('no use')));
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(8));
      const numbersOf = async (limit: number) =>
        (await jobs.deadLetters<{ n: number }>(queue, limit)).map(({ data }) => data.n);
      const all = await numbersOf(100);
      expect([...all].sort()).toEqual(range(8));
      expect(await numbersOf(3)).toEqual(all.slice(0, 3));
      const times = (await jobs.deadLetters(queue, 100)).map(({ diedAt }) => diedAt);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    });

    test('are listed page by page, each one once, also while those that were seen are discarded', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const added = range(9).map((n) => aJob(queue, { data: { n } }));
      await jobs.add(added);
      work(jobs, queue, () => Promise.reject(new DeadJob('no use')), { concurrency: 9 });
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(9));
      const seen: string[] = [];
      for (let page = await other.deadLetters(queue, 2); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page.map(({ id }) => id));
        expect(await jobs.discard(queue, page[0]?.id ?? '')).toBe(true);
        page = await other.deadLetters(queue, 2, page.at(-1));
      }
      expect(seen.sort()).toEqual(added.map(({ id }) => id).sort());
      expect((await jobs.counts(queue)).dead).toBe(4);
    });

    test('one that is discarded is forgotten, and its id can be added again', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      const worker = work(jobs, queue, () => {
        if (worker.runs.length === 1) throw new DeadJob('once');
      });
      await jobs.add([job]);
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      expect(await other.discard(queue, job.id)).toBe(true);
      expect(await jobs.discard(queue, job.id)).toBe(false);
      expect(await jobs.redrive(queue, job.id)).toBe(false);
      expect(await jobs.deadLetters(queue, 5)).toEqual([]);
      expect(await jobs.queues()).not.toContain(queue);
      await jobs.add([job]);
      await eventually(() => expect(worker.runs).toHaveLength(2));
    });

    test('nothing but a dead letter can be discarded', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const [waiting, delayed] = [aJob(queue), aJob(queue, { delayMs: 60_000 })];
      await jobs.add([waiting, delayed]);
      for (const id of ['nobody', waiting.id, delayed.id]) expect(await jobs.discard(queue, id)).toBe(false);
      expect(await jobs.counts(queue)).toEqual({ waiting: 1, delayed: 1, active: 0, dead: 0 });
    });

    test('one that is redriven begins at its first attempt', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue, { attempts: 2 });
      let healthy = false;
      const worker = work(jobs, queue, () => {
        if (!healthy) throw new RetryJob('provider is away');
      });
      await jobs.add([job]);
      for (const round of [0, 1]) {
        await eventually(async () => expect(await jobs.deadLetters(queue, 5)).toMatchObject([{ id: job.id }]));
        if (round === 1) healthy = true;
        expect(await other.redrive(queue, job.id)).toBe(true);
      }
      await eventually(() => expect(worker.runs).toHaveLength(5));
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2, 1]);
      await eventually(async () =>
        expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 }),
      );
      expect(await jobs.deadLetters(queue, 5)).toEqual([]);
      expect(await jobs.redrive(queue, job.id)).toBe(false);
    });

    test('an id used again after its job was done begins at its first attempt', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      const worker = work(jobs, queue, () => {
        if (worker.runs.length === 1) throw new DeadJob('once');
      });
      await jobs.add([job]);
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      await jobs.redrive(queue, job.id);
      await eventually(() => expect(worker.runs).toHaveLength(2));
      await eventually(async () => expect(await jobs.counts(queue)).toMatchObject({ active: 0, waiting: 0 }));
      await jobs.add([job]);
      await eventually(() => expect(worker.runs).toHaveLength(3));
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 1, 1]);
    });

    test('nothing but a dead letter can be redriven', async () => {
      const { jobs } = backend();
      const [queue, elsewhere] = [aQueue(), aQueue()];
      const waiting = aJob(queue);
      const delayed = aJob(queue, { delayMs: 60_000 });
      const dead = aJob(elsewhere);
      await jobs.add([waiting, delayed, dead]);
      work(jobs, elsewhere, () => Promise.reject(new DeadJob('no use')));
      await eventually(async () => expect((await jobs.counts(elsewhere)).dead).toBe(1));
      expect(await jobs.redrive(queue, 'nobody')).toBe(false);
      expect(await jobs.redrive(queue, waiting.id)).toBe(false);
      expect(await jobs.redrive(queue, delayed.id)).toBe(false);
      expect(await jobs.redrive(queue, dead.id)).toBe(false);
      expect(await jobs.counts(queue)).toEqual({ waiting: 1, delayed: 1, active: 0, dead: 0 });
      expect((await jobs.counts(elsewhere)).dead).toBe(1);
    });

    test('of several concurrent redrives exactly one succeeds', async () => {
      const { jobs, other = jobs } = backend();
      const queue = aQueue();
      const job = aJob(queue);
      const worker = work(jobs, queue, () => Promise.reject(new DeadJob('no use')));
      await jobs.add([job]);
      await eventually(async () => expect((await jobs.counts(queue)).dead).toBe(1));
      await worker.close(1000);
      const answers = await Promise.all(range(10).map((n) => (n % 2 ? jobs : other).redrive(queue, job.id)));
      expect(answers.filter(Boolean)).toHaveLength(1);
      expect(await jobs.counts(queue)).toEqual({ waiting: 1, delayed: 0, active: 0, dead: 0 });
    });
  });
}
