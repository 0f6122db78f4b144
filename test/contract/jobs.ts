/**
 * The contract of `Jobs` (`src/ports/jobs.ts`), written against the port alone. A backend enrols with
 * `jobsContract('name', open)`; every test has queues of its own, so that a server can be shared.
 */
import { describe } from 'vitest';
import type { Jobs } from '../../src/ports/jobs.ts';
import { addContract } from './jobs/add.ts';
import { closeContract } from './jobs/close.ts';
import { deadLetterContract } from './jobs/dead-letters.ts';
import { reopenContract } from './jobs/reopen.ts';
import { retryContract } from './jobs/retry.ts';
import { runContract } from './jobs/run.ts';

export interface OpenedJobs {
  readonly jobs: Jobs;
  /** The same queues through another connection, where there can be several. */
  readonly other?: Jobs;
  /** Closes, whatever still runs, and opens again on the same data. Absent for a backend whose data does not outlive it. */
  reopen?(): Promise<Jobs>;
  /** Closes what is open now, after a `reopen` too. */
  close(): Promise<void>;
}

export type OpenJobs = () => Promise<OpenedJobs>;

export function jobsContract(name: string, open: OpenJobs): void {
  describe(`Jobs of ${name}`, () => {
    addContract(open);
    runContract(open);
    retryContract(open);
    deadLetterContract(open);
    closeContract(open);
    reopenContract(open);
  });
}
