/** Jobs, and consumers that record the jobs they get; every consumer is closed with its test. */
import { onTestFinished } from 'vitest';
import type { ConsumeOptions, Consumer, Job, Jobs, NewJob } from '../../../src/ports/jobs.ts';
import { freshName } from '../support.ts';

export interface Work {
  readonly n: number;
}

/** How much shorter than asked a wait may be, in ms: timers of a busy machine and clocks of two machines are not exact. */
export const EARLY_MS = 15;

export function aQueue(): string {
  return `q.${freshName()}`;
}

/** Three attempts with next to no backoff. */
export function aJob(queue: string, overrides: Partial<NewJob<Work>> = {}): NewJob<Work> {
  return {
    id: `job-${freshName()}`,
    queue,
    data: { n: 0 },
    attempts: 3,
    backoff: { baseMs: 2, capMs: 4 },
    ...overrides,
  };
}

export interface Worker extends Consumer {
  /** Every run as it began. */
  readonly runs: (Job<Work> & { readonly startedAt: number })[];
}

type Handler = (job: Job<Work>, signal: AbortSignal) => Promise<void> | void;

export function work(
  jobs: Jobs,
  queue: string,
  handler: Handler = () => undefined,
  options: Partial<ConsumeOptions<Work>> = {},
): Worker {
  const runs: Worker['runs'] = [];
  const consumer = jobs.consume<Work>({
    queuePrefix: queue,
    concurrency: 1,
    ...options,
    handler: async (job, signal) => {
      runs.push({ ...job, startedAt: performance.now() });
      await handler(job, signal);
    },
  });
  let closed: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> => {
    closed ??= consumer.close(graceMs);
    return closed;
  };
  onTestFinished(() => close(0));
  return { runs, close };
}

/** The `n` of each run, in order. */
export function numbers(worker: Worker): number[] {
  return worker.runs.map(({ data }) => data.n);
}
