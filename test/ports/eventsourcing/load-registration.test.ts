import { describe, expect, test } from 'vitest';
import type { RegistrationEvent } from '../../../src/domain/events.ts';
import { registrationDecider } from '../../../src/domain/registration.ts';
import { registrationStream } from '../../../src/domain/streams.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import { folded } from '../../../src/ports/eventsourcing/execute.ts';
import { loadRegistration } from '../../../src/ports/eventsourcing/load-registration.ts';
import { channelRegistered, channelUpdated } from '../../fixtures/samples.ts';
import { recorded, unregistered } from '../../support/events.ts';

const stream = registrationStream({ clientId: 'client-1', appPackage: 'com.example.phone' });
const updates = (count: number) => Array.from({ length: count }, (_, n) => channelUpdated({ deviceName: `${n}` }));

/** A log that holds one stream and counts the events that were read of it. */
function logOf(...events: RegistrationEvent[]) {
  const history = recorded(events);
  const read = { events: 0 };
  const readNewest: EventLog['readNewest'] = async (_, count) => {
    const newest = history.slice(-count);
    read.events += newest.length;
    return newest;
  };
  return { read, history, log: { readNewest } as Partial<EventLog> as EventLog };
}

describe('a registration', () => {
  test.each<[string, RegistrationEvent[]]>([
    ['that is none', []],
    ['that is new', [channelRegistered()]],
    ['that is old', [channelRegistered(), ...updates(1000)]],
    ['that has ended', [channelRegistered(), ...updates(1000), unregistered()]],
    [
      'that had ended',
      [channelRegistered(), ...updates(500), unregistered({ reason: 'pushIdRejected' }), channelRegistered()],
    ],
    ['of which only the end is there', [unregistered()]],
  ])('%s is as its whole stream tells it, and few events are read', async (_, events) => {
    const { log, read, history } = logOf(...events);
    expect(await loadRegistration(log, stream)).toEqual(folded(registrationDecider, history));
    expect(read.events).toBeLessThanOrEqual(2);
  });

  test('whose end was written more than once is found further back', async () => {
    const { log, history } = logOf(...updates(100), ...Array.from({ length: 20 }, () => unregistered()));
    expect(await loadRegistration(log, stream)).toEqual(folded(registrationDecider, history));
  });

  test('that the newest events do not hold is an error, and no reason to read on without bound', async () => {
    const { log, read } = logOf(channelRegistered(), ...Array.from({ length: 1000 }, () => unregistered()));
    await expect(loadRegistration(log, stream)).rejects.toThrow('hold no registration');
    expect(read.events).toBeLessThan(50);
  });
});
