import type { Contents } from './contents.ts';
import type { Documents } from './documents.ts';
import type { EventLog } from './event-log.ts';
import type { Jobs } from './jobs.ts';
import type { Leases } from './leases.ts';

/** What a backend offers to each part of the service, over one connection of its own. */
export interface Backend {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly contents: Contents;
  readonly leases: Leases;
  /** Waits for pending calls, then closes the connection. Also works if the store is gone. */
  close(): Promise<void>;
}
