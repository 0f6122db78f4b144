/** `docs/api.md §4 unreg` */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const unreg = (clientId: string, more: { user?: string; appPackage?: unknown } = {}) => {
  const { user, appPackage = 'com.example.phone' } = more;
  return api.call('unreg', { clientId, user, body: { appPackage } });
};

test.each([
  ['B00001', null],
  ['B00001', ''],
  ['B00004', 1],
  ['B00004', ['com.example.phone']],
  ['H32005', 'com.other'],
  ['H32005', 'x'.repeat(2000)],
])('%s for appPackage = %j', async (retCode, appPackage) => {
  expect(await unreg('nobody', { appPackage })).toMatchObject({ status: 200, retCode, data: null });
});

test('H32006 if it was never registered, in this package at least, or not any more', async () => {
  expect(await unreg('never')).toMatchObject({ status: 200, retCode: 'H32006' });
  await api.register('one-package');
  expect(await unreg('one-package', { appPackage: 'com.example.fridge' })).toMatchObject({ retCode: 'H32006' });
  expect(await unreg('one-package')).toMatchObject({ retCode: '00000', data: null });
  expect(await unreg('one-package')).toMatchObject({ retCode: 'H32006' });
});

test("a user's registration is ended by that user's token only", async () => {
  await api.register('owned', { userId: 'u1' });
  expect(await unreg('owned')).toMatchObject({ status: 401, retCode: 'D00003' });
  expect(await unreg('owned', { user: 'u2' })).toMatchObject({ status: 200, retCode: 'D00008' });
  expect(await unreg('owned', { user: 'u1' })).toMatchObject({ retCode: '00000' });
  expect((await api.call('devlist', { user: 'u1' })).data).toEqual([]);
});

test('one with no user needs no token, and any good one will do', async () => {
  await api.register('free');
  expect(await unreg('free', { user: 'u9' })).toMatchObject({ retCode: '00000' });
});
