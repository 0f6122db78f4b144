/** The store's failures say nothing of a delivery: they cost it no attempt. The message's expiry bounds them. */
import type { DeliveryJob } from '../../ports/delivery-jobs.ts';
import { DeadlineExceeded, StoreUnavailable } from '../../ports/errors.ts';
import { StreamContended } from '../../ports/eventsourcing/execute.ts';
import { PauseQueue } from '../../ports/jobs.ts';
import type { Logger } from '../../ports/logger.ts';

/** Until a lane tries the store again. A call that was made before is made again then, with its key: not too often. */
const PAUSE_MS = 2_000;

export function isStoreFailure(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof DeadlineExceeded;
}

/** @returns the error for the queue, given the one that a run has ended with */
export function storeFailures({ logger }: { readonly logger: Logger }) {
  /** By the monotonic clock. */
  let saidUntil = Number.NEGATIVE_INFINITY;
  return (error: unknown, job: DeliveryJob): unknown => {
    if (!isStoreFailure(error)) return error;
    if (error instanceof StreamContended) {
      // That is about one message, so no other has to wait.
      logger.warn({ ...job }, 'others write to the message all the time');
      return new PauseQueue('the stream of the message is contended', 0);
    }
    // One line for all jobs that are under way.
    if (performance.now() >= saidUntil) {
      saidUntil = performance.now() + PAUSE_MS;
      logger.error({ err: error, ...job }, 'delivery waits for the store');
    }
    return new PauseQueue('the store is away', PAUSE_MS);
  };
}
