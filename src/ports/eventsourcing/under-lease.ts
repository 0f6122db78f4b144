/** Work that one process of the fleet does at a time, for instance a projection (`docs/architecture.md §Leases`). */
import { StoreUnavailable } from '../errors.ts';
import type { Lease, Leases } from '../leases.ts';
import type { Logger } from '../logger.ts';
import { type Loop, pause, restartDelay, startLoop } from './loop.ts';

export interface UnderLease {
  readonly leases: Leases;
  readonly logger: Logger;
  /** Name of the lease. */
  readonly name: string;
  /** Called when the wait for the lease begins, and when the lease is acquired. */
  readonly onState?: ((state: 'waiting' | 'held') => void) | undefined;
}

/**
 * Waits for the lease, then works while it is held. After a loss it waits for it again. Ends when the signal aborts, or
 * when the work ends although the lease is still held: the lease is then given back, so that another process can try.
 * @param work ends soon after its signal aborts, which means that the lease is lost or that everything is to end. It
 * writes with the lease's token, because it may learn of a loss late
 * @throws the errors of the work
 */
export async function underLease(
  { leases, logger, name, onState }: UnderLease,
  signal: AbortSignal,
  work: (signal: AbortSignal, lease: Lease) => Promise<void>,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    onState?.('waiting');
    const lease = await acquired(leases, name, signal);
    if (lease === undefined) {
      // The connection is gone, perhaps for good; its owner then aborts the signal.
      await pause(restartDelay(failures), signal);
      failures += 1;
      continue;
    }
    failures = 0;
    logger.debug({ lease: name, token: String(lease.token) }, 'lease acquired');
    onState?.('held');
    try {
      await work(AbortSignal.any([signal, lease.lost]), lease);
      if (!lease.lost.aborted) return;
    } finally {
      await lease.release();
    }
    if (!signal.aborted) logger.info({ lease: name }, 'lease lost');
  }
}

async function acquired(leases: Leases, name: string, signal: AbortSignal): Promise<Lease | undefined> {
  try {
    return await leases.acquire(name, signal);
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return undefined;
  }
}

/** A loop that runs while its lease is held. @param start called whenever the lease is acquired */
export function startUnderLease(lease: UnderLease, start: () => Loop): Loop {
  return startLoop((signal) =>
    underLease(lease, signal, async (held) => {
      const loop = start();
      await new Promise<void>((resolve) => {
        if (held.aborted) resolve();
        held.addEventListener('abort', () => resolve(), { once: true });
      });
      await loop.stop();
    }),
  );
}
