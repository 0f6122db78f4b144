import { devices } from '../../ports/read-models/devices.ts';
import { hasFailed, projectionPart } from '../../ports/telemetry.ts';
import type { Call } from '../endpoint/call.ts';
import type { Done } from '../endpoint/endpoint.ts';
import type { Services } from '../http/services.ts';

/**
 * How long an answer waits for the device list, in ms; then it goes out anyway (`docs/architecture.md §Commands`). Longer
 * than another projector takes to step in.
 */
const FOLLOW_MS = 5000;

/** Reads follow writes: a client that has the answer finds the registration as the answer says. */
export async function deviceListFollows(
  { deps }: Services,
  call: Call,
  _parameters: unknown,
  { position }: Done,
): Promise<void> {
  // It follows no more: there is nothing to wait for.
  if (hasFailed(deps.telemetry, projectionPart(devices.name))) return;
  await call.outside(deps.documents.reached(devices.name, position, FOLLOW_MS));
}
