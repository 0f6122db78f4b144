/** `docs/api.md §4 report` */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
let msgId: string;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('owned', { userId: 'u1' });
  await api.register('free');
});
beforeEach(async () => {
  const body = { dst: { type: 0, Id: ['owned', 'free'] } };
  msgId = (await api.call('msgPush', { clientId: 'sender', user: 'sender', body })).data.msgId;
});
afterAll(() => api.close());

const report = (clientId: string, change: Record<string, unknown> = {}, user?: string) =>
  api.call('report', { clientId, user, body: { appPackage: 'com.example.phone', msgId, status: 2, ...change } });

test.each([
  ['B00001', { appPackage: '' }],
  ['B00001', { msgId: null }],
  ['B00001', { status: undefined }],
  ['B00004', { appPackage: 1 }],
  ['B00004', { msgId: 1 }],
  ['B00004', { status: '2' }],
  ['B00004', { status: 2.5 }],
  ['B00004', { status: 0 }],
  ['B00004', { status: 1 }],
  ['B00004', { status: 5 }],
  ['H32005', { appPackage: 'com.other', msgId: 'x' }],
  ['H32007', { msgId: 'x' }],
  ['H32007', { msgId: '20260301080000000abcd00000' }],
  ['H32007', { appPackage: 'com.example.fridge' }],
])('%s for %j', async (retCode, change) => {
  expect(await report('free', change)).toMatchObject({ status: 200, retCode, data: null });
});

test('H32007 for a terminal that is no target, with any user’s token', async () => {
  expect(await report('sender', {}, 'sender')).toMatchObject({ retCode: 'H32007' });
});

test('a target that had a user at acceptance needs that user’s token, before its status is looked at', async () => {
  await report('owned', {}, 'u1');
  expect(await report('owned')).toMatchObject({ status: 401, retCode: 'D00003' });
  expect(await report('owned', {}, 'u2')).toMatchObject({ status: 200, retCode: 'D00008' });
  expect(await report('owned', {}, 'u1')).toMatchObject({ retCode: 'H32008' });
  expect(await report('owned', { status: 3 }, 'u1')).toMatchObject({ retCode: '00000', data: null });
});

test('later changes of the registration do not matter', async () => {
  await api.register('owned', { userId: 'u2' });
  expect((await report('owned', {}, 'u1')).retCode).toBe('00000');
  expect((await report('owned', { status: 4 }, 'u2')).retCode).toBe('D00008');
  await api.call('unreg', { clientId: 'owned', user: 'u2', body: { appPackage: 'com.example.phone' } });
  expect((await report('owned', { status: 4 }, 'u1')).retCode).toBe('00000');
  await api.register('owned', { userId: 'u1' });
});

test('H32008 for the same status again or a step back; steps may be skipped', async () => {
  const run = async (...statuses: number[]) => {
    const codes: string[] = [];
    for (const status of statuses) codes.push((await report('free', { status })).retCode);
    return codes;
  };
  expect(await run(3, 3, 2, 4, 4, 3)).toEqual(['00000', 'H32008', 'H32008', '00000', 'H32008', 'H32008']);
});

test('reports at once: each status has its effect once', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => report('free', { status: 3 })));
  const codes = answers.map(({ retCode }) => retCode).sort();
  expect(codes).toEqual(['00000', ...Array(9).fill('H32008')]);
});
