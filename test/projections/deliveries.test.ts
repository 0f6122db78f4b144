import { describe, expect, test } from 'vitest';
import type { DeliveryDocument } from '../../src/ports/read-models/deliveries.ts';
import { deliveriesProjection } from '../../src/projections/deliveries.ts';
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
  targetsNamed,
  timeOf,
} from '../support/events.ts';
import { projectionSpec } from '../support/projection-spec.ts';

const spec = projectionSpec(deliveriesProjection);
const { msgId } = aMessage();
const idOf = (clientId: string, appPackage = 'com.example.phone') => `${msgId}/${clientId}/${appPackage}`;

/** A message to two targets, with later events; `first` and `second` are its deliveries. */
async function given(...events: Parameters<typeof spec>) {
  const projected = await spec(accepted({ targets: targetsNamed(2) }), ...events);
  const delivery = (clientId: string) => projected.documents[idOf(clientId)] as DeliveryDocument;
  return { ...projected, first: delivery('client-1'), second: delivery('client-2') };
}

describe('deliveries', () => {
  test('an accepted message is a document for each target, at 0, all that the event says of it kept', async () => {
    const target = aTarget({ userId: 'user-9', deviceId: 'screen-1', deviceType: '08', channel: 'm2m' });
    const { documents, changedBy } = await spec(accepted({ targets: [aTarget({ clientId: 'other' }), target] }));
    expect(documents).toEqual({
      [idOf('other')]: { ...aTarget({ clientId: 'other' }), msgId, status: 0, index: 0 },
      [idOf('client-1')]: { ...target, msgId, status: 0, index: 1 },
    });
    expect(new Set(Object.values(changedBy))).toEqual(new Set([1]));
  });

  test('preparing a dispatch changes nothing', async () => {
    const { first, changedBy } = await given(prepared());
    expect(first).toMatchObject({ status: 0 });
    expect(changedBy[idOf('client-1')]).toBe(1);
  });

  test('an event changes the targets that it speaks of, and no other', async () => {
    const { first, second, changedBy } = await given(dispatched());
    expect(first).toMatchObject({ status: 1, pushTime: timeOf(2) });
    expect(second).toMatchObject({ status: 0 });
    expect(second).not.toHaveProperty('pushTime');
    expect(changedBy).toEqual({ [idOf('client-1')]: 2, [idOf('client-2')]: 1 });
  });

  test('each target has its own times', async () => {
    const { first, second } = await given(dispatched(), dispatched({ targets: ['client-2'] }), received(), displayed());
    expect(first).toMatchObject({ status: 3, pushTime: timeOf(2), reportTime: timeOf(5) });
    expect(second).toMatchObject({ status: 1, pushTime: timeOf(3) });
    expect(second).not.toHaveProperty('reportTime');
  });

  test('a second hand-over keeps the time of the first', async () => {
    const { first } = await given(dispatched(), dispatched());
    expect(first.pushTime).toBe(timeOf(2));
  });

  test.each([
    [received, 2],
    [displayed, 3],
    [answered, 4],
  ] as const)('a report that overtakes the note of the dispatch stays: %o', async (report, status) => {
    const { first } = await given(report(), dispatched());
    expect(first).toMatchObject({ status, reportTime: timeOf(2), pushTime: timeOf(3) });
  });

  test.each(['pushIdRejected', 'refused', 'gaveUp', 'unregistered', 'expired', 'cancelled'] as const)(
    'a failure (%s) is kept with its reason, at status 0',
    async (failure) => {
      const { first, second } = await given(dispatchFailed({ failure, reason: 'the provider says so' }));
      expect(first).toMatchObject({ status: 0, failure: { code: failure, reason: 'the provider says so' } });
      expect(second).not.toHaveProperty('failure');
    },
  );

  test('the first failure stays', async () => {
    const { first } = await given(
      dispatchFailed({ failure: 'gaveUp', reason: 'first' }),
      dispatchFailed({ failure: 'expired', reason: 'second', round: 1 }),
      expired(),
    );
    expect(first.failure).toEqual({ code: 'gaveUp', reason: 'first' });
  });

  test('a target that is redriven after it gave up is sent, despite the earlier failure', async () => {
    const { first } = await given(
      dispatchFailed({ failure: 'gaveUp' }),
      prepared({ round: 1 }),
      dispatched({ round: 1 }),
    );
    expect(first).toMatchObject({ status: 1, pushTime: timeOf(4) });
  });

  test('expiry is a failure of the targets it names', async () => {
    const { first, second } = await given(dispatched({ targets: ['client-2'] }), expired());
    expect(first.failure?.code).toBe('expired');
    expect(second).not.toHaveProperty('failure');
  });

  test.each(['requested', 'burn'] as const)(
    'cancelled (%s) before it was sent: 5, and that is its failure',
    async (cause) => {
      const { first } = await given(displayCancelled({ cause }));
      expect(first).toMatchObject({ status: 5, failure: { code: 'cancelled' } });
    },
  );

  test('cancelled after it was sent: 5, and no failure', async () => {
    const { first } = await given(dispatched(), displayCancelled());
    expect(first.status).toBe(5);
    expect(first.failure).toBeUndefined();
  });

  test('cancelled after it failed: the first failure stays', async () => {
    const { first } = await given(dispatchFailed({ failure: 'refused' }), displayCancelled());
    expect(first).toMatchObject({ status: 5, failure: { code: 'refused' } });
  });

  test('erased is the end: later events leave it at 6', async () => {
    const { first } = await given(answered(), erased(), displayCancelled(), dispatched());
    expect(first).toMatchObject({ status: 6, reportTime: timeOf(2) });
  });

  test('the same client in two packages is two deliveries', async () => {
    const appPackage = 'com.example.fridge';
    const { documents } = await spec(
      accepted({ targets: [aTarget(), aTarget({ appPackage })] }),
      displayed({ appPackage }),
    );
    expect(documents[idOf('client-1')]?.status).toBe(0);
    expect(documents[idOf('client-1', appPackage)]).toMatchObject({ status: 3, index: 1 });
  });

  test('an event about no target of an accepted message makes no document', async () => {
    const { documents } = await given(received({ clientId: 'stranger' }), dispatched({ msgId: 'another-message' }));
    expect(Object.keys(documents)).toEqual([idOf('client-1'), idOf('client-2')]);
  });

  test('200 targets are found by their message in the order of acceptance', async () => {
    const targets = targetsNamed(200);
    const names = targets.map(({ clientId }) => clientId);
    const { documents, found } = await spec(
      accepted({ targets }),
      ...names.slice(0, 50).map((clientId) => received({ clientId })),
      dispatched({ targets: names }),
    );
    const order = await found('message', msgId);
    expect(order).toEqual(names.map((clientId) => idOf(clientId)));
    expect(order.map((id) => documents[id]?.status)).toEqual(names.map((_, index) => (index < 50 ? 2 : 1)));
  });
});
