import { describe, expect, test } from 'vitest';
import { DeadJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, gate, range, shared } from '../support.ts';
import { aJob, aQueue, work } from './samples.ts';

export function otherConnectionContract(open: OpenJobs): void {
  describe('the effects of one connection, another', () => {
    const backend = shared(open);
    const HOUR_MS = 3_600_000;
    const empty = { waiting: 0, delayed: 0, active: 0, dead: 0 };

    /** The two connections, each in the part of the one that writes. */
    function pairs() {
      const { jobs, other = jobs } = backend();
      return [
        { writer: jobs, reader: other },
        { writer: other, reader: jobs },
      ];
    }

    test('sees as soon as it was answered: counts and names of queues', async () => {
      for (const { writer, reader } of pairs())
        for (const _ of range(10)) {
          const queue = aQueue();
          expect(await reader.counts(queue)).toEqual(empty);
          await writer.add([aJob(queue), aJob(queue), aJob(queue, { delayMs: HOUR_MS })]);
          expect(await reader.counts(queue)).toEqual({ ...empty, waiting: 2, delayed: 1 });
          expect(await reader.queues()).toContain(queue);
        }
    });

    test('counts the jobs that run there as active', async () => {
      for (const { writer, reader } of pairs()) {
        const queue = aQueue();
        const hold = gate();
        await writer.add([aJob(queue), aJob(queue)]);
        const worker = work(writer, queue, () => hold.opened);
        await eventually(() => expect(worker.runs).toHaveLength(1));
        expect(await reader.counts(queue)).toEqual({ ...empty, waiting: 1, active: 1 });
        hold.open();
        await eventually(async () => expect(await reader.counts(queue)).toEqual(empty));
      }
    });

    test('lists the dead letters of, and redrives them', async () => {
      for (const { writer, reader } of pairs()) {
        const queue = aQueue();
        const job = aJob(queue, { data: { n: 4 } });
        await writer.add([job]);
        const worker = work(writer, queue, () => {
          if (worker.runs.length === 1) throw new DeadJob('no use');
        });
        await eventually(async () => expect((await writer.counts(queue)).dead).toBe(1));
        expect(await reader.deadLetters(queue, 5)).toMatchObject([{ id: job.id, data: { n: 4 }, reason: 'no use' }]);
        expect(await reader.redrive(queue, job.id)).toBe(true);
        expect(await reader.redrive(queue, job.id)).toBe(false);
        await eventually(() => expect(worker.runs).toHaveLength(2));
        await eventually(async () => expect(await reader.counts(queue)).toEqual(empty));
        expect(await reader.deadLetters(queue, 5)).toEqual([]);
      }
    });

    test('passes over an id that is known there', async () => {
      for (const { writer, reader } of pairs()) {
        const queue = aQueue();
        const job = aJob(queue);
        await writer.add([job]);
        await reader.add([job]);
        expect(await writer.counts(queue)).toEqual({ ...empty, waiting: 1 });
      }
    });
  });
}
