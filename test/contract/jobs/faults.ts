import { describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import type { Jobs } from '../../../src/ports/jobs.ts';
import { faultyOr } from '../hooks.ts';
import type { OpenJobs } from '../jobs.ts';
import { endsWithin, eventually, expectBounded, failureOf, gate, shared } from '../support.ts';
import { aJob, aQueue, numbers, work } from './samples.ts';

/** How long a consumer that closes still waits after its grace, in ms (`Consumer.close`). */
const AFTER_GRACE_MS = 1_000;

export function faultContract(open: OpenJobs): void {
  describe('a store that does not answer', () => {
    const backend = shared(open);
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };
    const callsOf = (jobs: Jobs, queue = aQueue()) => ({
      add: jobs.add([aJob(queue)]),
      queues: jobs.queues(),
      counts: jobs.counts(queue),
      deadLetters: jobs.deadLetters(queue, 5),
      redrive: jobs.redrive(queue, 'nobody'),
      discard: jobs.discard(queue, 'nobody'),
    });

    test('ends every call in time, reads too, and serves again once it answers', async (context) => {
      const { port: jobs, withinMs, freeze, heal } = await faultyOr(context, backend());
      await jobs.counts(aQueue());
      await freeze();
      await expectBounded(withinMs, callsOf(jobs), ['add', 'redrive', 'discard']);
      await heal();
      const queue = aQueue();
      await eventually(() => jobs.add([aJob(queue)]));
      expect((await jobs.counts(queue)).waiting).toBeGreaterThan(0);
    });

    test('a job whose add was not answered is one job when it is added again', async (context) => {
      const { port: jobs, freeze, heal } = await faultyOr(context, backend());
      const queue = aQueue();
      const added = [aJob(queue, { data: { n: 1 } }), aJob(queue, { data: { n: 2 } })];
      await jobs.counts(queue);
      await freeze();
      expect(await failureOf(jobs.add(added))).toBeInstanceOf(StoreUnavailable);
      await heal();
      await jobs.add(added);
      expect(await jobs.counts(queue)).toEqual({ ...empty, waiting: 2 });
      const worker = work(backend().jobs, queue);
      await eventually(() => expect(numbers(worker)).toEqual([1, 2]));
      await eventually(async () => expect(await jobs.counts(queue)).toEqual(empty));
    });

    test('keeps a consumer waiting: it goes on by itself, and records the jobs that ran meanwhile', async (context) => {
      const { jobs: others } = backend();
      const { port: jobs, freeze, heal } = await faultyOr(context, backend());
      const queue = aQueue();
      const hold = gate();
      await jobs.add([aJob(queue, { data: { n: 1 }, attempts: 1 })]);
      let handled = false;
      const worker = work(jobs, queue, async ({ data }) => {
        if (data.n !== 1) return;
        await hold.opened;
        handled = true;
      });
      await eventually(() => expect(worker.runs).toHaveLength(1));
      await freeze();
      hold.open();
      await eventually(() => expect(handled).toBe(true));
      // Until the store is thought away.
      await failureOf(jobs.add([aJob(aQueue())]));
      await heal();
      await eventually(() => others.add([aJob(queue, { data: { n: 2 } })]));
      await eventually(() => expect(new Set(numbers(worker))).toEqual(new Set([1, 2])));
      await eventually(async () => expect(await others.counts(queue)).toEqual(empty));
      expect(await others.deadLetters(queue, 5)).toEqual([]);
    });

    test('does not keep a consumer from closing, whether its jobs are done or not', async (context) => {
      const { port: jobs, freeze } = await faultyOr(context, backend());
      const [stuck, done, idle] = [aQueue(), aQueue(), aQueue()];
      const hold = gate();
      await jobs.add([aJob(stuck), aJob(done)]);
      const consumers = [
        work(jobs, stuck, () => new Promise(() => undefined)),
        work(jobs, done, () => hold.opened),
        work(jobs, idle),
      ];
      await eventually(() => expect(consumers.map(({ runs }) => runs.length)).toEqual([1, 1, 0]));
      await freeze();
      hold.open();
      for (const closed of consumers.map((consumer) => endsWithin(50 + AFTER_GRACE_MS, consumer.close(50))))
        expect(await closed).toMatchObject({ status: 'fulfilled' });
    });

    test('does not keep the port from closing, and one that is closed refuses', async (context) => {
      const { port: jobs, withinMs, freeze, close } = await faultyOr(context, backend());
      await jobs.counts(aQueue());
      await freeze();
      const pending = failureOf(jobs.add([aJob(aQueue())]));
      expect(await endsWithin(withinMs, close())).toMatchObject({ status: 'fulfilled' });
      expect(await pending).toBeInstanceOf(StoreUnavailable);
      const calls = callsOf(jobs);
      await expectBounded(withinMs, calls, Object.keys(calls));
    });
  });
}
