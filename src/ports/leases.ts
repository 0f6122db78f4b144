/**
 * One holder of a name at a time across the fleet. A holder that stalls may believe in its lease for longer than the store
 * does: its writes carry the fencing token, and the store refuses those of an older token than it has seen.
 * Leases last by monotonic clocks: a wall clock that is set back or forward ends none and prolongs none.
 */

/** ms until the next holder has the name of one that died, at the latest. */
export const TAKEOVER_WITHIN_MS = 3_000;

export interface Lease {
  readonly name: string;
  /** Grows with every holder of the name. */
  readonly token: bigint;
  /** Aborts when the lease is lost: another holder may have it from now on. */
  readonly lost: AbortSignal;
  /**
   * Gives the lease back, so that the next holder need not wait until it expires. Again is fine. Ends within a second, also
   * when the store does not answer; the lease then expires.
   */
  release(): Promise<void>;
}

export interface Leases {
  /**
   * Waits until no other holds the name, then holds it and keeps renewing it. Waits on while the store is away. The
   * name of a holder that died is free for the next within `TAKEOVER_WITHIN_MS`.
   * @throws StoreUnavailable when the connection is closed or lost for good
   * @returns the lease, or `undefined` once the signal aborts
   */
  acquire(name: string, signal: AbortSignal): Promise<Lease | undefined>;
}
