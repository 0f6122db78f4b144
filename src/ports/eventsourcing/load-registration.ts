/**
 * A registration from its stream, at a cost that does not grow with the stream: a terminal registers as often as its app starts,
 * and every event but the end of a registration holds all of it.
 */
import { type RegistrationState, registrationDecider } from '../../domain/registration.ts';
import type { StreamName } from '../../domain/streams.ts';
import type { EventLog } from '../event-log.ts';
import { folded, type Loaded } from './execute.ts';

/** Looked at one after the other. An end follows on a complete event; the second look is for logs of other writers. */
const LOOKS = [2, 32];

/** @throws StoreUnavailable, UndecodableEvent */
export async function loadRegistration(log: EventLog, stream: StreamName): Promise<Loaded<RegistrationState>> {
  for (const count of LOOKS) {
    const newest = await log.readNewest(stream, count);
    const loaded = folded(registrationDecider, newest);
    if (loaded.state.status === 'known' || newest.length < count) return loaded;
  }
  throw new Error(`the newest events of ${stream} hold no registration`);
}
