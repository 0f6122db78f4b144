/** `docs/api.md §4 getmsgstat` */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let msgId: string;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('phone-1', { userId: 'target' });
  await api.register('phone-2');
  const body = { dst: { type: 0, Id: ['phone-2', 'phone-1'] } };
  msgId = (await api.call('msgPush', { clientId: 'sender', user: 'sender', body })).data.msgId;
});
afterAll(() => api.close());

const ask = (body: unknown, user = 'sender') => api.call('getmsgstat', { clientId: 'c', user, body });

test.each([
  ['B00001', {}],
  ['B00001', { msgId: null, megId: '' }],
  ['B00004', { msgId: 1 }],
  ['B00004', { megId: ['x'] }],
  ['B00004', { msgId: {}, megId: 'x' }],
  ['H32007', { msgId: 'no-such-id' }],
  ['H32007', { megId: '20260301080000000abcd00000' }],
  ['H32007', { msgId: 'x'.repeat(100_000) }],
  ['H32007', { msgId: '../message-1' }],
])('%s for %j', async (retCode, body) => {
  expect(await ask(body)).toMatchObject({ status: 200, retCode, data: null });
});

test('the sender’s user and the user of a target may ask, and no other', async () => {
  expect((await ask({ msgId })).retCode).toBe('00000');
  expect((await ask({ msgId }, 'target')).retCode).toBe('00000');
  expect(await ask({ msgId }, 'stranger')).toMatchObject({ status: 200, retCode: 'H32007', data: null });
});

test('the user of a target is the one at acceptance', async () => {
  await api.register('phone-2', { userId: 'late' });
  expect((await ask({ msgId }, 'late')).retCode).toBe('H32007');
});

test('either spelling; msgId wins', async () => {
  const answer = (await ask({ megId: msgId })).data;
  expect((await ask({ msgId, megId: 'other' })).data).toEqual(answer);
  expect((await ask({ msgId, megId: 7 })).data).toEqual(answer);
  expect((await ask({ msgId: 'other', megId: msgId })).retCode).toBe('H32007');
  expect((await ask({ msgId: '', megId: msgId })).data).toEqual(answer);
});

test('the targets stand in the order of acceptance', async () => {
  const { data } = await ask({ msgId });
  expect(data.targets.map(({ clientId }: { clientId: string }) => clientId)).toEqual(['phone-2', 'phone-1']);
  expect(data.summary).toEqual({ '0': 2, '1': 0, '2': 0, '3': 0, '4': 0, '5': 0, '6': 0 });
});
