/** Streams and events to append: registrations that differ in the `deviceName` that the test gives. */
import { randomUUID } from 'node:crypto';
import type { Position, Revision } from '../../../src/domain/position.ts';
import { registrationStream, type StreamName } from '../../../src/domain/streams.ts';
import type {
  AppendOptions,
  AppendResult,
  EventLog,
  ExpectedRevision,
  NewEvent,
  RecordedEvent,
} from '../../../src/ports/event-log.ts';
import { aContext, channelUpdated } from '../../fixtures/samples.ts';
import { freshName } from '../support.ts';

/** Stands in the data of a poison event; no error may tell it. */
export const POISON = 'poison-5d1f';

/** A stream whose name starts with `registration-{run}`. */
export function aStream(run = freshName(), name = ''): StreamName {
  return registrationStream({ clientId: `${run}${name}`, appPackage: 'com.example.phone' });
}

export function anEvent(label = 'event'): NewEvent {
  return { id: randomUUID(), event: channelUpdated({ deviceName: label }), context: aContext() };
}

/** The labels of `anEvent`. */
export function labels(events: readonly RecordedEvent[]): (string | undefined)[] {
  return events.map(({ event }) => (event.type === 'ChannelUpdated' ? event.data.deviceName : event.type));
}

export interface Appended {
  readonly revision: Revision;
  readonly position: Position;
}

export function appended(result: AppendResult): Appended {
  if (result.type !== 'appended') throw new Error(`not appended but ${result.type}`);
  return result;
}

/** Appends one event for each label and fails unless that worked. */
export async function append(
  log: EventLog,
  stream: StreamName,
  texts: readonly string[],
  expected: ExpectedRevision = 'noStream',
  options?: AppendOptions,
): Promise<Appended> {
  const { revision, position } = appended(await log.append(stream, texts.map(anEvent), expected, options));
  return { revision, position };
}
