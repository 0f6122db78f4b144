/** Failures of the store are no failures of a delivery, so they cost no attempt. The message's expiry bounds them. */
import type { DeliveryJob } from '../../ports/delivery-jobs.ts';
import { DeadlineExceeded, StoreUnavailable } from '../../ports/errors.ts';
import { StreamContended } from '../../ports/eventsourcing/execute.ts';
import { PauseQueue } from '../../ports/jobs.ts';
import type { Logger } from '../../ports/logger.ts';

/**
 * ms until a lane tries the store again. A retry repeats the call to the provider, with its key, so it must not come
 * too often.
 */
const PAUSE_MS = 2_000;

export function isStoreFailure(error: unknown): boolean {
  return error instanceof StoreUnavailable || error instanceof DeadlineExceeded;
}

/** @returns a function that turns the error of a run into the error for the queue */
export function storeFailures({ logger }: { readonly logger: Logger }) {
  /** By the monotonic clock. */
  let saidUntil = Number.NEGATIVE_INFINITY;
  return (error: unknown, job: DeliveryJob): unknown => {
    if (!isStoreFailure(error)) return error;
    if (error instanceof StreamContended) {
      // This concerns one message, so no other has to wait.
      logger.warn({ ...job }, 'others write to the message all the time');
      return new PauseQueue('the stream of the message is contended', 0);
    }
    // One line is enough for all running jobs.
    if (performance.now() >= saidUntil) {
      saidUntil = performance.now() + PAUSE_MS;
      logger.error({ err: error, ...job }, 'delivery waits for the store');
    }
    return new PauseQueue('the store is away', PAUSE_MS);
  };
}
