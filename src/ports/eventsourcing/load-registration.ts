/**
 * Loads a registration from its stream, at a cost that does not grow with the stream. A terminal registers at every
 * start of its app, so streams get long; but every event except the end of a registration holds the whole registration.
 */
import { type RegistrationState, registrationDecider } from '../../domain/registration.ts';
import type { StreamName } from '../../domain/streams.ts';
import type { EventLog } from '../event-log.ts';
import { folded, type Loaded } from './execute.ts';

/**
 * How many of the newest events are read: first 2, then 32. The end of a registration follows a complete event, so 2
 * are enough in our own logs; 32 are for logs of other writers.
 */
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
