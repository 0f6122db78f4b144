import { describe, expect, onTestFinished, test } from 'vitest';
import type { OpenJobs } from '../jobs.ts';
import { eventually, freshName, gate, range, shared } from '../support.ts';
import { aJob, numbers, work } from './samples.ts';

/** Many queues whose names begin alike. */
export function queuesContract(open: OpenJobs): void {
  describe('a consumer of many queues', () => {
    const backend = shared(open);
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };
    const family = () => {
      const prefix = `f.${freshName()}-`;
      return { prefix, queue: (n: number) => `${prefix}${n}` };
    };

    test('serves those that are there, and those that come, whoever adds to them', async () => {
      const { jobs, other = jobs } = backend();
      const { prefix, queue } = family();
      await other.add([aJob(queue(0), { data: { n: 0 } })]);
      const worker = work(jobs, prefix);
      await eventually(() => expect(numbers(worker)).toEqual([0]));
      for (const n of [1, 2, 3]) await (n % 2 === 0 ? jobs : other).add([aJob(queue(n), { data: { n } })]);
      await eventually(() => expect(numbers(worker).sort()).toEqual([0, 1, 2, 3]));
      expect(worker.runs.map((run) => run.queue).sort()).toEqual(range(4).map(queue));
    });

    test('leaves alone those whose names begin otherwise', async () => {
      const { jobs } = backend();
      const [mine, foreign] = [family(), family()];
      await jobs.add([aJob(foreign.queue(0))]);
      const worker = work(jobs, mine.prefix);
      await jobs.add([aJob(mine.queue(0), { data: { n: 1 } })]);
      await eventually(() => expect(numbers(worker)).toEqual([1]));
      expect(await jobs.counts(foreign.queue(0))).toEqual({ ...empty, waiting: 1 });
    });

    test('runs as many of each at once as the concurrency says, and one that hangs holds up no other', async () => {
      const { jobs } = backend();
      const { prefix, queue } = family();
      const hold = gate();
      onTestFinished(hold.open);
      await jobs.add(range(20).map(() => aJob(queue(0))));
      const worker = work(jobs, prefix, (job) => (job.queue === queue(0) ? hold.opened : undefined), {
        concurrency: 3,
      });
      await eventually(() => expect(worker.runs).toHaveLength(3));
      await jobs.add(range(30).map((n) => aJob(queue(1 + (n % 3)))));
      await eventually(() => expect(worker.runs).toHaveLength(33));
      expect(await jobs.counts(queue(0))).toEqual({ ...empty, waiting: 17, active: 3 });
      hold.open();
      await eventually(() => expect(worker.runs).toHaveLength(50));
    });

    test('goes on with a queue whose adder and first consumer have gone', async (context) => {
      const { jobs, other, killOther } = backend();
      if (other === undefined || killOther === undefined) return context.skip();
      const { prefix, queue } = family();
      const staying = work(jobs, prefix);
      const hold = gate();
      onTestFinished(hold.open);
      const killed = work(other, prefix, () => hold.opened, { concurrency: 2 });
      await other.add(range(12).map((n) => aJob(queue(0), { data: { n }, attempts: 1 })));
      await eventually(() => expect(killed.runs.length + staying.runs.length).toBeGreaterThan(0));
      await killOther();
      await jobs.add(range(12).map((n) => aJob(queue(0), { data: { n: n + 12 }, attempts: 1 })));
      await eventually(async () => expect(await jobs.counts(queue(0))).toEqual(empty));
      const cutOff = new Set(killed.runs.map(({ id }) => id));
      const ran = new Set([...numbers(staying)]);
      for (const n of range(24)) expect(ran).toContain(n);
      expect(staying.runs.filter(({ id }) => cutOff.has(id)).map(({ attempt }) => attempt)).toEqual(
        [...cutOff].map(() => 1),
      );
    });

    test('was killed as often as you like: that buries no job and costs it no attempt', async (context) => {
      const { jobs, other, killOther } = backend();
      if (other === undefined || killOther === undefined) return context.skip();
      const { prefix, queue } = family();
      const hold = gate();
      onTestFinished(hold.open);
      await jobs.add([aJob(queue(0), { attempts: 1 })]);
      for (const _ of range(4)) {
        const killed = work(other, prefix, () => hold.opened);
        await eventually(() => expect(killed.runs).toHaveLength(1));
        expect(killed.runs[0]?.attempt).toBe(1);
        await killOther();
      }
      const worker = work(jobs, prefix);
      await eventually(() => expect(worker.runs).toMatchObject([{ attempt: 1 }]));
      await eventually(async () => expect(await jobs.counts(queue(0))).toEqual(empty));
    });
  });
}
