/** A lone surrogate in an id or a name is refused; in a message it is data (`docs/api.md §3`, `§4 msgPush`). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('phone-1', { userId: 'u1' });
});
afterAll(() => api.close());

const lone = 'a\ud800b';
const device = {
  userId: 'u1',
  userName: 'Ada',
  clientId: 'client-1',
  deviceId: 'd',
  pushId: 'p',
  deviceName: 'Phone',
  deviceType: '01',
  typeId: 't',
  collab3th: 0,
  appPackage: 'com.example.phone',
};

const cases: readonly (readonly [name: string, field: string, body: object])[] = [
  ...['userId', 'userName', 'clientId', 'deviceId', 'pushId', 'deviceName', 'typeId', 'appPackage'].map(
    (field) => ['register', field, { ...device, [field]: lone }] as const,
  ),
  ['unreg', 'appPackage', { appPackage: lone }],
  ['report', 'appPackage', { appPackage: lone, msgId: 'x', status: 2 }],
  ['report', 'msgId', { appPackage: 'com.example.phone', msgId: lone, status: 2 }],
  ['getmsgstat', 'msgId', { msgId: lone }],
  ['getmsgstat', 'msgId', { megId: lone }],
  ...(['msgPush', 'msgPushtry'] as const).flatMap((name) => [
    [name, 'dst.Id.1', { dst: { type: 0, Id: ['phone-1', lone] } }] as const,
    [name, 'dst.Id.0', { dst: { type: 1, Id: [lone] } }] as const,
    [name, 'dst.devType.0', { dst: { type: 2, devType: [lone] } }] as const,
    [name, 'dst.appType.0', { dst: { type: 3, appType: [lone] } }] as const,
  ]),
];

test.each(cases)('%s: B00004 for %s', async (name, field, body) => {
  expect(await api.call(name, { body, user: 'u1' })).toMatchObject({
    retCode: 'B00004',
    retInfo: `参数不符合规则要求: ${field}`,
  });
});

test('a token whose user has one is no token', async () => {
  const other = await openTestApi(() => ({
    tokens: {
      verify: async () => ({ type: 'verified', token: { userId: lone } }),
      close: async () => undefined,
    },
  }));
  expect(await other.call('devlist', { user: 'u1' })).toMatchObject({ retCode: 'D00003' });
  await other.close();
});

test('a message keeps it, byte for byte', async () => {
  const message = '{"text":"\\ud800","\\udfff":["\\uDBFF x"]}';
  const body = `{"dst":{"type":0,"Id":["phone-1"]},"message":${message}}`;
  const { retCode, data } = await api.call('msgPush', { body, user: 'u1' });
  expect(retCode).toBe('00000');
  const contents = await api.backend.backend.contents.get(data.msgId);
  expect(contents).toBe(message);
});
