import { devices } from '../../ports/read-models.ts';
import type { Call } from '../call.ts';
import type { Done } from '../endpoint.ts';
import type { Services } from '../services.ts';

/** How long an answer waits for the device list, in ms; then it goes out anyway (`design.md §Commands`). */
const FOLLOW_MS = 2000;

/** Reads follow writes: whoever has the answer finds the registration as it says. */
export async function deviceListFollows(
  { deps }: Services,
  _call: Call,
  _parameters: unknown,
  { position }: Done,
): Promise<void> {
  await deps.documents.reached(devices.name, position, FOLLOW_MS);
}
