/**
 * The state of every long-lived part of a role: projections, dispatcher, worker, channels. The process that serves
 * knows all of them, from all its threads, for its log and for readiness (`docs/architecture.md §Telemetry`).
 * `roles/process/telemetry.ts` collects them.
 */

/** `waiting`: the part waits for a store or another holder and will go on by itself. `failed`: it needs a person. */
export type PartState = 'up' | 'catchingUp' | 'waiting' | 'failed';

export interface PartStatus {
  readonly state: PartState;
  /** The reason, in a few words without secrets. */
  readonly detail?: string | undefined;
  /** Events of the log that the part has not taken yet. */
  readonly lagEvents?: number | undefined;
  /** Seconds since the oldest event that the part has not taken was appended. */
  readonly lagSeconds?: number | undefined;
}

export interface PartReport extends PartStatus {
  /** `projection.devices`, `dispatcher`, `worker`, `channel.jpush`, … */
  readonly part: string;
  /** ISO time at which the part entered its state. */
  readonly since: string;
}

export interface Telemetry {
  /** Records the state of a part. A part that reports the same state again keeps its `since`. */
  report(part: string, status: PartStatus): void;
  /** All parts as they last reported. */
  parts(): readonly PartReport[];
}

/** The part that keeps a read model up to date. */
export function projectionPart(projection: string): string {
  return `projection.${projection}`;
}

/** Whether a part needs a person. Waiting for it is then useless. */
export function hasFailed(telemetry: Pick<Telemetry, 'parts'>, part: string): boolean {
  return telemetry.parts().some((report) => report.part === part && report.state === 'failed');
}
