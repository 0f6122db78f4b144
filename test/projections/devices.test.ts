import { describe, expect, test } from 'vitest';
import { sortablePosition } from '../../src/domain/position.ts';
import { userKey } from '../../src/ports/read-models/devices.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import { aRegistration, channelRegistered, channelUpdated } from '../fixtures/samples.ts';
import { unregistered } from '../support/events.ts';
import { projectionSpec } from '../support/projection-spec.ts';

const given = projectionSpec(devicesProjection);
const id = 'client-1/com.example.phone';

describe('devices', () => {
  test('a first registration is a document with status 1', async () => {
    const { documents, changedBy, positionOf } = await given(channelRegistered({ userId: 'user-1' }));
    expect(documents).toEqual({
      [id]: { ...aRegistration({ userId: 'user-1' }), status: 1, firstPosition: sortablePosition(positionOf(1)) },
    });
    expect(changedBy).toEqual({ [id]: 1 });
  });

  test('an update replaces everything but its place in the order of registration, and has status 3', async () => {
    const { documents, changedBy, positionOf } = await given(
      channelRegistered({ userId: 'user-1', userName: 'Li', deviceName: 'kitchen' }),
      channelUpdated({ userId: 'user-2', pushId: 'push-2' }),
    );
    const expected = {
      ...aRegistration({ userId: 'user-2', pushId: 'push-2' }),
      status: 3,
      firstPosition: sortablePosition(positionOf(1)),
    };
    expect(documents).toEqual({ [id]: expected });
    expect(documents[id]).not.toHaveProperty('userName');
    expect(documents[id]).not.toHaveProperty('deviceName');
    expect(changedBy).toEqual({ [id]: 2 });
  });

  test('the first position stays over unregistering and registering again', async () => {
    const { documents, positionOf } = await given(
      channelRegistered(),
      channelUpdated(),
      unregistered(),
      channelRegistered({ pushId: 'push-9' }),
    );
    expect(documents[id]).toEqual({
      ...aRegistration({ pushId: 'push-9' }),
      status: 1,
      firstPosition: sortablePosition(positionOf(1)),
    });
  });

  test.each(['requested', 'pushIdRejected'] as const)(
    'what is unregistered (%s) stays, with status 2',
    async (reason) => {
      const { documents, positionOf } = await given(channelRegistered({ userId: 'user-1' }), unregistered({ reason }));
      expect(documents[id]).toEqual({
        ...aRegistration({ userId: 'user-1' }),
        status: 2,
        firstPosition: sortablePosition(positionOf(1)),
      });
    },
  );

  test('ending a registration that never was makes no document', async () => {
    expect((await given(unregistered())).documents).toEqual({});
  });

  test('the same client in two packages is two registrations', async () => {
    const other = { appPackage: 'com.example.fridge' };
    const { documents } = await given(channelRegistered(), channelRegistered(other), unregistered(other));
    expect(documents[id]?.status).toBe(1);
    expect(documents['client-1/com.example.fridge']?.status).toBe(2);
  });

  test('names that look alike when joined are kept apart', async () => {
    const { documents } = await given(
      channelRegistered({ clientId: 'a/b', appPackage: 'c' }),
      channelRegistered({ clientId: 'a', appPackage: 'b/c' }),
      channelRegistered({ clientId: '__proto__', appPackage: 'c' }),
    );
    expect(Object.keys(documents)).toEqual(['a%2Fb/c', 'a/b%2Fc', '__proto__/c']);
  });
});

describe('devices are found', () => {
  const mine = { userId: 'user-1', deviceId: 'screen-1', deviceType: '04' } as const;
  const everyKey = [
    ['client', 'client-1'],
    ['device', 'screen-1'],
    ['user', 'user-1'],
    ['userDevice', userKey.device('user-1', 'screen-1')],
    ['userType', userKey.type('user-1', '04')],
    ['userPackage', userKey.package('user-1', 'com.example.phone')],
  ] as const;

  test('by every key while they are registered', async () => {
    const { found } = await given(channelRegistered(mine));
    for (const [index, key] of everyKey) expect(await found(index, key), index).toEqual([id]);
  });

  test('by no key once they are unregistered', async () => {
    const { found, documents } = await given(channelRegistered(mine), channelUpdated(mine), unregistered());
    for (const [index, key] of everyKey) expect(await found(index, key), index).toEqual([]);
    expect(documents).toHaveProperty([id]);
  });

  test('again once they are registered again', async () => {
    const { found } = await given(channelRegistered(mine), unregistered(), channelRegistered(mine));
    for (const [index, key] of everyKey) expect(await found(index, key), index).toEqual([id]);
  });

  test('under the new user only, once they have moved', async () => {
    const { found } = await given(channelRegistered(mine), channelUpdated({ ...mine, userId: 'user-2' }));
    expect(await found('user', 'user-1')).toEqual([]);
    expect(await found('userDevice', userKey.device('user-1', 'screen-1'))).toEqual([]);
    expect(await found('user', 'user-2')).toEqual([id]);
  });

  test('under no user once its user has logged out', async () => {
    const { found } = await given(channelRegistered(mine), channelUpdated({ deviceId: 'screen-1' }));
    expect(await found('user', 'user-1')).toEqual([]);
    expect(await found('device', 'screen-1')).toEqual([id]);
  });

  test('by a pair of keys that spells the same as another pair, only as the right one', async () => {
    const { found } = await given(
      channelRegistered({ clientId: 'a', userId: 'u', deviceId: '1:x' }),
      channelRegistered({ clientId: 'b', userId: 'u1', deviceId: ':x' }),
    );
    expect(await found('userDevice', userKey.device('u', '1:x'))).toEqual(['a/com.example.phone']);
    expect(await found('userDevice', userKey.device('u1', ':x'))).toEqual(['b/com.example.phone']);
  });

  test('oldest registration first, ties in the order of the log', async () => {
    const at = (second: number) => ({ firstRegisteredAt: `2026-03-01T02:03:0${second}.000Z`, userId: 'user-1' });
    const { found } = await given(
      channelRegistered({ clientId: 'z', ...at(5) }),
      channelRegistered({ clientId: 'm', ...at(7) }),
      channelRegistered({ clientId: 'a', ...at(7) }),
      channelRegistered({ clientId: 'k', ...at(3) }),
      channelUpdated({ clientId: 'z', ...at(5) }),
    );
    const order = ['k', 'z', 'm', 'a'].map((client) => `${client}/com.example.phone`);
    expect(await found('user', 'user-1')).toEqual(order);
  });
});
