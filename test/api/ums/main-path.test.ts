import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

test('register, push, ask, report, ask again: each sees the effects of the answers before it', async () => {
  const registered = await api.register('fridge-1', { userId: 'u1', userName: 'Ada', deviceId: 'd1' });
  expect(registered).toMatchObject({
    status: 200,
    retCode: '00000',
    retInfo: 'success',
    data: { clientId: 'fridge-1', userId: 'u1', userName: 'Ada', status: 1, collab3th: 0, pushId: 'push-fridge-1' },
  });
  expect(registered.data.regTime).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  expect(Object.keys(registered.data)).not.toContain('appId');

  const listed = await api.call('devlist', { clientId: 'fridge-1', user: 'u1' });
  expect(listed.data).toEqual([registered.data]);

  const push = { dst: { type: 0, Id: ['fridge-1'] }, message: { recipe: 1 } };
  const pushed = await api.call('msgPush', { clientId: 'phone-1', user: 'u2', body: push });
  expect(pushed).toMatchObject({ status: 200, retCode: '00000', data: { msgId: expect.any(String) } });
  const { msgId } = pushed.data;

  const before = await api.call('getmsgstat', { clientId: 'phone-1', user: 'u2', body: { megId: msgId } });
  expect(before.data).toEqual({
    mesgId: msgId,
    msgId,
    userId: 'u2',
    revTime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
    status: 0,
    summary: { '0': 1, '1': 0, '2': 0, '3': 0, '4': 0, '5': 0, '6': 0 },
    targets: [{ clientId: 'fridge-1', appPackage: 'com.example.phone', status: 0 }],
  });

  const report = { appPackage: 'com.example.phone', msgId, status: 3 };
  const reported = await api.call('report', { clientId: 'fridge-1', user: 'u1', body: report });
  expect(reported.text).toBe('{"retCode":"00000","retInfo":"success","data":null}');

  const after = await api.call('getmsgstat', { clientId: 'fridge-1', user: 'u1', body: { msgId } });
  expect(after.data).toMatchObject({ status: 3, summary: { '0': 0, '3': 1 }, targets: [{ status: 3 }] });
  expect(after.data.targets[0].reportTime).toBeDefined();
});
