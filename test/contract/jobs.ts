/**
 * The contract of `Jobs` (`src/ports/jobs.ts`), written against the port alone. A backend enrols with
 * `jobsContract('name', open)`; `hooks.ts` lists the other members that `open` may give. Every test has queues of its own,
 * so that a server can be shared.
 */
import { describe } from 'vitest';
import type { Jobs } from '../../src/ports/jobs.ts';
import { type Hooks, otherContract } from './hooks.ts';
import { addContract } from './jobs/add.ts';
import { clockContract } from './jobs/clock.ts';
import { closeContract } from './jobs/close.ts';
import { deadLetterContract } from './jobs/dead-letters.ts';
import { faultContract } from './jobs/faults.ts';
import { otherConnectionContract } from './jobs/other.ts';
import { pauseContract } from './jobs/pause.ts';
import { queuesContract } from './jobs/queues.ts';
import { reopenContract } from './jobs/reopen.ts';
import { retryContract } from './jobs/retry.ts';
import { runContract } from './jobs/run.ts';

export interface OpenedJobs extends Hooks<Jobs> {
  readonly jobs: Jobs;
}

export type OpenJobs = () => Promise<OpenedJobs>;

export function jobsContract(name: string, open: OpenJobs): void {
  describe(`Jobs of ${name}`, () => {
    otherContract(open);
    addContract(open);
    runContract(open);
    retryContract(open);
    pauseContract(open);
    clockContract(open);
    queuesContract(open);
    deadLetterContract(open);
    closeContract(open);
    reopenContract(open);
    otherConnectionContract(open);
    faultContract(open);
  });
}
