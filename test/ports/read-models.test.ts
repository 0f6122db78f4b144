import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countByStatus } from '../../src/domain/status.ts';
import { type DeliveryDocument, deliveries } from '../../src/ports/read-models/deliveries.ts';
import { type DeviceDocument, devices, userKey } from '../../src/ports/read-models/devices.ts';
import { type MessageDocument, messages, type TargetStanding } from '../../src/ports/read-models/messages.ts';
import { AT, aRegistration, aTarget } from '../fixtures/samples.ts';

const aDevice = (overrides: Partial<DeviceDocument> = {}): DeviceDocument => ({
  ...aRegistration({ userId: 'user-1', deviceId: 'device-1' }),
  status: 1,
  firstPosition: '00000000000000000007',
  ...overrides,
});

const keysOf = (device: DeviceDocument) =>
  Object.fromEntries(Object.entries(devices.indexes).map(([name, { key }]) => [name, key(device)]));

describe('devices', () => {
  test('are found by terminal, device, user, and by user with device, type or package', () => {
    const found = {
      client: 'client-1',
      device: 'device-1',
      user: 'user-1',
      userDevice: userKey.device('user-1', 'device-1'),
      userType: userKey.type('user-1', '01'),
      userPackage: userKey.package('user-1', 'com.example.phone'),
    };
    expect(keysOf(aDevice())).toEqual(found);
    expect(keysOf(aDevice({ status: 3 }))).toEqual(found);
  });

  test('that are unregistered are not found at all', () => {
    expect(new Set(Object.values(keysOf(aDevice({ status: 2 }))))).toEqual(new Set([undefined]));
  });

  test('without a user are found by terminal and device only, without a device by the rest', () => {
    expect(keysOf(aDevice({ userId: undefined }))).toEqual({ client: 'client-1', device: 'device-1' });
    expect(keysOf(aDevice({ deviceId: undefined }))).toMatchObject({ device: undefined, userDevice: undefined });
    expect(keysOf(aDevice({ deviceId: undefined })).userType).toBeDefined();
  });

  test('are ordered by first registration, then by the log', () => {
    const sort = devices.indexes.user.sort;
    const earlier = aDevice({ firstRegisteredAt: '2026-01-01T00:00:00.000Z', firstPosition: '00000000000000000099' });
    const tie = aDevice({ firstPosition: '00000000000000000010' });
    expect([tie, aDevice(), earlier].map(sort).sort()).toEqual([earlier, aDevice(), tie].map(sort));
  });

  test('keys of a user and something else are the same only if both are', () => {
    const text = fc.string({ unit: fc.constantFrom('1', ':', 'a', '2', '海') });
    fc.assert(
      fc.property(text, text, text, text, (user, device, otherUser, otherDevice) => {
        const same = user === otherUser && device === otherDevice;
        expect(userKey.device(user, device) === userKey.device(otherUser, otherDevice)).toBe(same);
      }),
    );
  });
});

describe('messages', () => {
  const aMessageWith = (...standings: TargetStanding[]): MessageDocument => ({
    msgId: 'm1',
    origin: 'cloud',
    appId: 'app',
    acceptedAt: AT,
    expiresAt: '2026-03-02T02:03:04.005Z',
    status: 0,
    counts: countByStatus([]),
    targetCount: standings.length,
    targets: standings.map((standing, index) => ({ appPackage: `p${index}`, clientIds: ['c'], standings: standing })),
  });
  const { key } = messages.indexes.openUntil;

  test('are found by their expiry while a target waits to be sent to', () => {
    expect(key(aMessageWith('-'))).toBe('2026-03-02T02:03:04.005Z');
    expect(key(aMessageWith('1', '-'))).toBe('2026-03-02T02:03:04.005Z');
    for (const reported of ['b', 'c', 'd'] as const) expect(key(aMessageWith(reported))).toBeDefined();
  });

  test('are not found any more once every target has an outcome', () => {
    expect(key(aMessageWith('1', '0'))).toBeUndefined();
    expect(key(aMessageWith('3'))).toBeUndefined();
  });
});

test('deliveries are found by message, in the order of its targets', () => {
  const aDelivery = (index: number): DeliveryDocument => ({ ...aTarget(), msgId: 'm1', status: 0, index });
  const { key, sort } = deliveries.indexes.message;
  expect(key(aDelivery(3))).toBe('m1');
  expect([199, 20, 3, 0].map((index) => sort(aDelivery(index))).sort()).toEqual(
    [0, 3, 20, 199].map((index) => sort(aDelivery(index))),
  );
});
