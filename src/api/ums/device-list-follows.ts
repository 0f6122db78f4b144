import { devices } from '../../ports/read-models/devices.ts';
import { hasFailed, projectionPart } from '../../ports/telemetry.ts';
import type { Call } from '../endpoint/call.ts';
import type { Done } from '../endpoint/endpoint.ts';
import type { Services } from '../http/services.ts';

/**
 * How long an answer waits for the device list, in ms; then it goes out anyway (`docs/architecture.md §Commands`). This
 * is longer than another projector needs to take over.
 */
const FOLLOW_MS = 5000;

/** Reads follow writes: a client that has the answer finds the registration as the answer says. */
export async function deviceListFollows(
  { deps }: Services,
  call: Call,
  _parameters: unknown,
  { position }: Done,
): Promise<void> {
  // The projection has failed, so waiting for it is useless.
  if (hasFailed(deps.telemetry, projectionPart(devices.name))) return;
  await call.outside(deps.documents.reached(devices.name, position, FOLLOW_MS));
}
