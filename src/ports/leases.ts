/**
 * Leases: across the fleet a name has one holder at a time. A stalled holder may believe in its lease longer than the
 * store does. So its writes carry a fencing token, and the store refuses a write with an older token than it has seen.
 * Leases are timed by monotonic clocks: setting a wall clock neither ends nor prolongs one.
 */

/** When a holder dies, another one has its name after at most this many ms. */
export const TAKEOVER_WITHIN_MS = 3_000;

export interface Lease {
  readonly name: string;
  /** The fencing token. It grows with every holder of the name. */
  readonly token: bigint;
  /** Aborts when the lease is lost. From then on another holder may have it. */
  readonly lost: AbortSignal;
  /**
   * Gives the lease back, so that the next holder need not wait until it expires. May be called again. Ends within a
   * second, even if the store does not answer; the lease then expires by itself.
   */
  release(): Promise<void>;
}

export interface Leases {
  /**
   * Waits until no other holder has the name, then takes it and keeps renewing it. It goes on waiting while the store
   * is away. After the death of a holder its name is free within `TAKEOVER_WITHIN_MS`.
   * @throws StoreUnavailable when the connection is closed or lost for good
   * @returns the lease, or `undefined` once the signal aborts
   */
  acquire(name: string, signal: AbortSignal): Promise<Lease | undefined>;
}
