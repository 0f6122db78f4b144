import { describe, expect, onTestFinished, test } from 'vitest';
import { DeadJob, RetryJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate } from '../support.ts';
import { aJob, aQueue, work } from './samples.ts';

export function reopenContract(open: OpenJobs): void {
  describe('jobs outlive the backend:', () => {
    const HOUR_MS = 3_600_000;

    test('waiting, delayed and dead jobs, with their details', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const [queue, failing, dying] = [aQueue(), aQueue(), aQueue()];
      const waiting = aJob(queue, { data: { n: 1 } });
      const failed = aJob(failing, { data: { n: 3 }, backoff: { baseMs: 1, capMs: 1 } });
      const dead = aJob(dying, { data: { n: 4 } });
      await own.jobs.add([waiting, aJob(queue, { data: { n: 2 }, delayMs: HOUR_MS }), failed, dead]);
      const dyingWorker = work(own.jobs, dying, () => Promise.reject(new DeadJob('no use')));
      await eventually(async () => expect((await own.jobs.counts(dying)).dead).toBe(1));
      await own.jobs.redrive(dying, dead.id);
      await eventually(async () => expect(await own.jobs.deadLetters(dying, 1)).toMatchObject([{ id: dead.id }]));
      const failingWorker = work(own.jobs, failing, () => Promise.reject(new RetryJob('once', 0)));
      await eventually(() => expect(failingWorker.runs.length).toBeGreaterThan(0));
      await Promise.all([dyingWorker.close(1000), failingWorker.close(1000)]);
      const attempts = failingWorker.runs.length;

      const jobs = await own.reopen();
      expect(await jobs.counts(queue)).toEqual({ waiting: 1, delayed: 1, active: 0, dead: 0 });
      expect(await jobs.deadLetters(dying, 5)).toMatchObject([{ id: dead.id, data: { n: 4 }, reason: 'no use' }]);
      const worker = work(jobs, queue);
      await eventually(() => expect(worker.runs).toMatchObject([{ id: waiting.id, data: { n: 1 }, attempt: 1 }]));
      if (attempts < failed.attempts) {
        const next = work(jobs, failing);
        await eventually(() => expect(next.runs).toMatchObject([{ id: failed.id, attempt: attempts + 1 }]));
      }
    });

    test('those that were being handled run again, at no cost', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const queue = aQueue();
      const hold = gate();
      onTestFinished(hold.open);
      await own.jobs.add([aJob(queue, { data: { n: 1 }, attempts: 1 }), aJob(queue, { data: { n: 2 }, attempts: 1 })]);
      const cutOff = work(own.jobs, queue, () => hold.opened, { concurrency: 2 });
      await eventually(() => expect(cutOff.runs).toHaveLength(2));
      const jobs = await own.reopen();
      const worker = work(jobs, queue, undefined, { concurrency: 2 });
      await eventually(() => expect(worker.runs).toHaveLength(2));
      expect(worker.runs.map(({ data }) => data.n).sort()).toEqual([1, 2]);
      expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 1]);
      await eventually(async () =>
        expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 }),
      );
    });
  });
}
