/** `docs/api.md §4 devlist` */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../../support/api.ts';

let now = Date.parse('2026-03-01T00:00:00Z');
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi(() => ({ clock: { now: () => now }, limits: { maxSkewMs: Number.MAX_SAFE_INTEGER } }));
});
afterAll(() => api.close());

test('by first registration, newest first, ties by the order in the log; unregistered terminals are gone', async () => {
  for (const clientId of ['a', 'b', 'c']) await api.register(clientId, { userId: 'u1' });
  now += 1000;
  await api.register('d', { userId: 'u1' });
  await api.register('e', { userId: 'u2' });
  now += 1000;
  await api.register('a', { userId: 'u1', deviceName: 'again' });
  await api.call('unreg', { clientId: 'b', user: 'u1', body: { appPackage: 'com.example.phone' } });

  const answer = await api.call('devlist', { user: 'u1' });
  expect(answer.data.map(({ clientId }: { clientId: string }) => clientId)).toEqual(['d', 'c', 'a']);
  expect(answer.data[0]).toEqual({
    userId: 'u1',
    clientId: 'd',
    pushId: 'push-d',
    deviceType: '01',
    appPackage: 'com.example.phone',
    regTime: '2026-03-01 08:00:01',
    status: 1,
    collab3th: 0,
  });
  expect(answer.data[2]).toMatchObject({ status: 3, deviceName: 'again', regTime: '2026-03-01 08:00:00' });
});

test('an empty list for a user with no terminal', async () => {
  expect((await api.call('devlist', { user: 'nobody' })).data).toEqual([]);
});

test('more terminals than a page', async () => {
  const many = Array.from({ length: 520 }, (_, index) => `many-${index}`);
  await Promise.all(many.map((clientId) => api.register(clientId, { userId: 'u3' })));
  const { data } = await api.call('devlist', { user: 'u3' });
  expect(new Set(data.map(({ clientId }: { clientId: string }) => clientId))).toEqual(new Set(many));
});

test('it has no input: `""` and a missing content type are fine, other values are not', async () => {
  const json = 'application/json';
  const send = async (body: string, type: string | undefined) => {
    const { status, retCode } = await api.call('devlist', { user: 'u1', body, headers: { 'content-type': type } });
    return [status, retCode];
  };
  for (const type of [undefined, json]) {
    for (const body of ['""', ' "" ', '{}', '{"any":1}', '']) expect(await send(body, type)).toEqual([200, '00000']);
    for (const body of ['"x"', '[]', 'null', '{']) expect(await send(body, type)).toEqual([400, 'B00004']);
  }
  expect(await send('""', 'text/plain')).toEqual([415, 'B00004']);
});
