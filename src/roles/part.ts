/**
 * A part of the service that answers no requests: `ums projector` and `ums worker` run one, `ums serve` each in a
 * thread.
 */
export interface Part {
  /** Stops taking work and finishes its running work within the grace period. */
  stop(graceMs: number): Promise<void>;
}
