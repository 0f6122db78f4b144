import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PauseQueue, RetryJob } from '../../../src/ports/jobs.ts';
import type { OpenJobs } from '../jobs.ts';
import { eventually, shared } from '../support.ts';
import { aJob, aQueue, work } from './samples.ts';

/** What NTP or an operator may do to the clock of this machine. */
function setClock(byMs: number): void {
  const real = Date.now;
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + byMs);
  onTestFinished(() => clock.mockRestore());
}

export function clockContract(open: OpenJobs): void {
  describe('a clock that is set back an hour', () => {
    const backend = shared(open);
    const HOUR_MS = 3_600_000;

    test('makes no pause longer', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue, () => {
        if (worker.runs.length > 1) return;
        setClock(-HOUR_MS);
        throw new PauseQueue('not now', 100);
      });
      await jobs.add([aJob(queue), aJob(queue)]);
      await eventually(() => expect(worker.runs).toHaveLength(3));
    });

    test('makes no backoff and no delay longer', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      await jobs.add([aJob(queue, { delayMs: 50 })]);
      setClock(-HOUR_MS);
      const worker = work(jobs, queue, ({ attempt }) => {
        if (attempt === 1) throw new RetryJob('again');
      });
      await eventually(() => expect(worker.runs).toHaveLength(2));
    });

    test('keeps no job that is added then from being taken', async () => {
      const { jobs } = backend();
      const queue = aQueue();
      const worker = work(jobs, queue);
      setClock(-HOUR_MS);
      await jobs.add([aJob(queue)]);
      await eventually(() => expect(worker.runs).toHaveLength(1));
    });
  });
}
