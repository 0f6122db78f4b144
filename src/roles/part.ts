/** A part of the service that answers nobody: what `ums projector` and `ums worker` run, and a thread each of `ums serve`. */
export interface Part {
  /** Stops taking work and finishes what it holds within the grace. */
  stop(graceMs: number): Promise<void>;
}
