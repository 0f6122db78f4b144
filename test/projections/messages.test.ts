import { describe, expect, test } from 'vitest';
import type { MessageDocument } from '../../src/ports/read-models/messages.ts';
import { messagesProjection } from '../../src/projections/messages.ts';
import { aMessage, aTarget } from '../fixtures/samples.ts';
import {
  accepted,
  answered,
  dispatched,
  dispatchFailed,
  displayCancelled,
  displayed,
  erased,
  expired,
  prepared,
  received,
  redriven,
  targetsNamed,
  timeOf,
} from '../support/events.ts';
import { projectionSpec } from '../support/projection-spec.ts';

const spec = projectionSpec(messagesProjection);
const { msgId, expiresAt } = aMessage();
const none = { '0': 0, '1': 0, '2': 0, '3': 0, '4': 0, '5': 0, '6': 0 };
const [one, two] = targetsNamed(2).map(({ clientId, appPackage }) => ({ clientId, appPackage }));
if (one === undefined || two === undefined) throw new Error('two targets are needed');

/** A message to two targets, with later events. */
async function given(...events: Parameters<typeof spec>) {
  const projected = await spec(accepted({ targets: targetsNamed(2) }), ...events);
  return { ...projected, message: projected.documents[msgId] as MessageDocument };
}

/** How each target stands, package after package. */
const standings = ({ targets }: MessageDocument) => targets.map((those) => those.standings).join(' ');

describe('messages', () => {
  test('an accepted one has all its targets at 0', async () => {
    const { message, changedBy } = await given();
    expect(message).toEqual({
      msgId,
      origin: 'terminal',
      appId: 'MB-TEST-0000',
      userId: 'user-1',
      acceptedAt: timeOf(1),
      expiresAt,
      status: 0,
      counts: { ...none, '0': 2 },
      targetCount: 2,
      targets: [{ appPackage: one.appPackage, clientIds: [one.clientId, two.clientId], standings: '--' }],
    });
    expect(changedBy).toEqual({ [msgId]: 1 });
  });

  test('the cloud and a host send without a user', async () => {
    const { documents } = await spec(accepted({ origin: 'cloud', userId: undefined }));
    expect(documents[msgId]).toMatchObject({ origin: 'cloud' });
    expect(documents[msgId]?.userId).toBeUndefined();
  });

  test('preparing a dispatch changes nothing that is shown', async () => {
    const { message } = await given(prepared({ targets: ['client-1', 'client-2'] }));
    expect(standings(message)).toBe('--');
    expect(message).not.toHaveProperty('pushTime');
  });

  test('a sent message is at 1, and the first hand-over is the push time', async () => {
    const { message } = await given(dispatched({ targets: ['client-2'] }), dispatched({ targets: ['client-1'] }));
    expect(standings(message)).toBe('11');
    expect(message).toMatchObject({ status: 1, counts: { ...none, '1': 2 }, pushTime: timeOf(2) });
  });

  test('a failure leaves the target at 0 and it is open no more', async () => {
    const { message } = await given(dispatchFailed(), dispatched({ targets: ['client-2'] }));
    expect(message).toMatchObject({ status: 1, counts: { ...none, '0': 1, '1': 1 } });
    expect(standings(message)).toBe('01');
  });

  test('an expired one stays at 0 and is open no more', async () => {
    const { message } = await given(expired({ targets: [one, two] }));
    expect(message).toMatchObject({ status: 0, counts: { ...none, '0': 2 } });
    expect(standings(message)).toBe('00');
    expect(message).not.toHaveProperty('pushTime');
  });

  test.each([
    [received, 2],
    [displayed, 3],
    [answered, 4],
  ] as const)('a report lifts its target and the message: %o', async (report, status) => {
    const { message } = await given(dispatched({ targets: ['client-1', 'client-2'] }), report());
    expect(standings(message)).toBe(`${status}1`);
    expect(message).toMatchObject({ status, counts: { ...none, '1': 1, [status]: 1 } });
  });

  test('a report that overtakes the note of the dispatch is not taken back by it', async () => {
    const { message } = await given(received(), displayed(), dispatched({ targets: ['client-1', 'client-2'] }));
    expect(standings(message)).toBe('31');
    expect(message.pushTime).toBe(timeOf(4));
  });

  test('reports that overtake each other leave the highest', async () => {
    const { message } = await given(answered(), received({ clientId: 'client-2' }), received(), displayed());
    expect(standings(message)).toBe('db');
    expect(message).toMatchObject({ status: 4, counts: { ...none, '2': 1, '4': 1 } });
  });

  test('a target that has reported stays open until its sending has an outcome', async () => {
    const sent = dispatched({ targets: ['client-1'] });
    const failed = dispatchFailed({ failure: 'gaveUp', targets: ['client-2'] });
    const { message } = await given(received(), displayed({ clientId: 'client-2' }), sent, failed);
    expect(standings(message)).toBe('23');
    const again = await given(displayed({ clientId: 'client-2' }), sent, failed, redriven({ targets: ['client-2'] }));
    expect(standings(again.message)).toBe('1c');
  });

  test('a redriven target is open again, unless it is known to be sent', async () => {
    const { message } = await given(
      dispatchFailed({ failure: 'gaveUp', targets: ['client-1', 'client-2'] }),
      dispatched({ targets: ['client-2'] }),
      redriven({ targets: ['client-1', 'client-2'] }),
    );
    expect(standings(message)).toBe('-1');
    expect(message.counts).toEqual({ ...none, '0': 1, '1': 1 });
  });

  test('what was sent after it had given up counts as sent', async () => {
    const { message } = await given(dispatchFailed({ failure: 'gaveUp' }), dispatched({ round: 1 }));
    expect(standings(message)).toBe('1-');
  });

  test('5 counts for the message only once all targets have it', async () => {
    const some = await given(dispatched(), displayCancelled({ targets: [one] }));
    expect(some.message).toMatchObject({ status: 0, counts: { ...none, '0': 1, '5': 1 } });
    const all = await given(dispatched(), displayCancelled({ targets: [one, two] }));
    expect(all.message).toMatchObject({ status: 5, counts: { ...none, '5': 2 } });
    expect(standings(all.message)).toBe('55');
  });

  test('later events do not change 5 and 6', async () => {
    const cancelled = await given(displayCancelled({ targets: [one, two] }), dispatched(), displayed());
    expect(standings(cancelled.message)).toBe('55');
    const gone = await given(
      answered(),
      erased({ targets: [one, two] }),
      displayCancelled({ targets: [one, two] }),
      received(),
    );
    expect(gone.message).toMatchObject({ status: 6, counts: { ...none, '6': 2 } });
    expect(standings(gone.message)).toBe('66');
  });

  test('the same client in two packages is two targets', async () => {
    const targets = [aTarget(), aTarget({ appPackage: 'com.example.fridge' })];
    const { documents } = await spec(
      accepted({ targets }),
      dispatched(),
      displayed({ appPackage: 'com.example.fridge' }),
    );
    expect(documents[msgId]).toMatchObject({ targetCount: 2, counts: { ...none, '1': 1, '3': 1 } });
    expect(documents[msgId]?.targets.map(({ appPackage, standings }) => [appPackage, standings])).toEqual([
      ['com.example.phone', '1'],
      ['com.example.fridge', 'c'],
    ]);
  });

  test('an event may name its targets in any order, package by package or not, and one of them twice', async () => {
    const [phone, fridge] = ['com.example.phone', 'com.example.fridge'];
    const targets = ['a', 'b', 'c', 'd'].flatMap((clientId) => [
      aTarget({ clientId, appPackage: phone }),
      aTarget({ clientId, appPackage: fridge }),
    ]);
    const refs = (...names: [string, string][]) => names.map(([clientId, appPackage]) => ({ clientId, appPackage }));
    const { documents } = await spec(
      accepted({ targets }),
      dispatched({ targets: ['d', 'a', 'nobody', 'a'] }),
      displayCancelled({ targets: refs(['c', fridge], ['a', phone], ['b', fridge], ['c', fridge]) }),
    );
    expect(documents[msgId]?.targets.map(({ standings }) => standings)).toEqual(['5--1', '-55-']);
    expect(documents[msgId]?.counts).toEqual({ ...none, '0': 4, '1': 1, '5': 3 });
  });

  test('an event about another message, or about a client that is no target, changes nothing', async () => {
    const { message, documents } = await given(
      received({ clientId: 'stranger' }),
      dispatched({ msgId: 'another-message' }),
      received({ msgId: 'another-message' }),
    );
    expect(standings(message)).toBe('--');
    expect(Object.keys(documents)).toEqual([msgId]);
  });

  test('an event that moves none of its targets leaves it alone', async () => {
    const { changedBy } = await given(
      dispatched({ targets: ['client-1', 'client-2'] }),
      displayed(),
      received(),
      dispatched({ targets: ['client-1', 'client-2'] }),
      expired({ targets: [one, two] }),
    );
    expect(changedBy[msgId]).toBe(3);
  });

  test('200 targets, each with a fate of its own', async () => {
    const targets = targetsNamed(200);
    const names = targets.map(({ clientId }) => clientId);
    const { documents } = await spec(
      accepted({ targets }),
      dispatched({ targets: names.slice(0, 150) }),
      dispatchFailed({ targets: names.slice(150, 190) }),
      ...names.slice(0, 100).map((clientId) => received({ clientId })),
      ...names.slice(0, 60).map((clientId) => displayed({ clientId })),
      ...names.slice(0, 20).map((clientId) => answered({ clientId })),
    );
    const counts = { ...none, '0': 50, '1': 50, '2': 40, '3': 40, '4': 20 };
    expect(documents[msgId]).toMatchObject({ status: 4, counts });
    expect(documents[msgId]?.targets).toMatchObject([{ clientIds: names }]);
    // It is written whole at every change: no more than the names and a letter each.
    expect(JSON.stringify(documents[msgId]).length).toBeLessThan(JSON.stringify(names).length + names.length + 500);
  });
});

describe('messages are found by their expiry', () => {
  const isOpen = async ({ found }: Awaited<ReturnType<typeof given>>) =>
    (await found('openUntil', expiresAt)).includes(msgId);

  test('while a target has no outcome', async () => {
    expect(await isOpen(await given())).toBe(true);
    expect(await isOpen(await given(prepared(), dispatched()))).toBe(true);
    expect(await isOpen(await given(dispatchFailed({ targets: ['client-2'] })))).toBe(true);
    expect(await isOpen(await given(dispatched(), received({ clientId: 'client-2' })))).toBe(true);
  });

  test.each([
    ['all were sent to', [dispatched({ targets: ['client-1', 'client-2'] })]],
    ['each was sent to or failed', [dispatched(), dispatchFailed({ targets: ['client-2'] })]],
    ['all expired', [expired({ targets: [one, two] })]],
    [
      'the last that was open was sent to after its report',
      [dispatched(), received({ clientId: 'client-2' }), dispatched({ targets: ['client-2'] })],
    ],
    ['it was cancelled', [displayCancelled({ targets: [one, two] })]],
    ['it was erased', [erased({ targets: [one, two] })]],
    ['it gave up', [dispatchFailed({ failure: 'gaveUp', targets: ['client-1', 'client-2'] })]],
  ])('no more once %s', async (_, events) => {
    expect(await isOpen(await given(...events))).toBe(false);
  });
});
