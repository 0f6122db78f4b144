/**
 * One holder of a name at a time across the fleet. A holder that stalls may believe in its lease for longer than the store
 * does: its writes carry the fencing token, and the store refuses those of an older token than it has seen.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`)
 */
export interface Lease {
  readonly name: string;
  /** Grows with every holder of the name. */
  readonly token: bigint;
  /** Aborts when the lease is lost: another holder may have it from now on. */
  readonly lost: AbortSignal;
  /** Gives the lease back, so that the next holder need not wait until it expires. Again is fine. */
  release(): Promise<void>;
}

export interface Leases {
  /**
   * Waits until nobody else holds the name, then holds it and renews it by itself. Waits on while the store is away.
   * @returns the lease, or `undefined` once the signal aborts
   */
  acquire(name: string, signal: AbortSignal): Promise<Lease | undefined>;
}
