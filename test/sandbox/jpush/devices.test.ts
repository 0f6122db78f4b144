/** Single terminals, by the device API (`docs/jpush.md §10`). */
import { describe, expect, it } from 'vitest';
import { app, other, testJPush } from './support.ts';

describe('a device', () => {
  it('keeps the tags, the alias and the number that it is given', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const get = async (as = app) => (await jpush.call('GET', '/v3/devices/a', undefined, as)).json;
    const change = (body: unknown) => jpush.call('POST', '/v3/devices/a', body);
    expect(await get()).toEqual({ tags: [], alias: null, mobile: null });
    const answer = await change({ tags: { add: ['x', 'y', 'x'] }, alias: 'me', mobile: '1' });
    expect(answer).toMatchObject({ status: 200, text: '' });
    await change({ tags: { add: ['z'], remove: ['x'] } });
    expect(await get()).toEqual({ tags: ['y', 'z'], alias: 'me', mobile: '1' });
    expect(await get(other)).toEqual({ tags: [], alias: null, mobile: null });
    await change({ tags: '', alias: '', mobile: '' });
    expect(await get()).toEqual({ tags: [], alias: null, mobile: null });
  });

  it.each([
    ['no JSON', '{'],
    ['tags of another kind', { tags: ['x'] }],
    ['too many tags at once', { tags: { add: Array.from({ length: 101 }, (_, n) => `${n}`) } }],
    ['an alias that is no text', { alias: 5 }],
  ])('refuses %s', async (_, body) => {
    const jpush = await testJPush({ adoptUnknown: true });
    expect((await jpush.call('POST', '/v3/devices/a', body)).json.error.code).toBe(7002);
  });

  it('has a thousand tags at most', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const add = (from: number) =>
      jpush.call('POST', '/v3/devices/a', { tags: { add: Array.from({ length: 100 }, (_, n) => `${from + n}`) } });
    for (let from = 0; from < 1000; from += 100) expect((await add(from)).status).toBe(200);
    expect((await add(1000)).json.error.code).toBe(7002);
  });

  it('that no app owns is refused', async () => {
    const jpush = await testJPush();
    expect((await jpush.call('GET', '/v3/devices/a')).json.error.code).toBe(7002);
    expect((await jpush.call('PUT', '/v3/devices/a')).status).toBe(404);
  });
});

describe('devices/status', () => {
  it('says which devices are online, and when the others last were', async () => {
    let now = Date.parse('2026-03-01T02:03:04Z');
    const jpush = await testJPush({ vip: true, now: () => now });
    const [here, left, never] = [0, 1, 2].map(() => jpush.registry.register(app.appKey)) as [string, string, string];
    jpush.registry.connect(here, () => undefined);
    jpush.registry.connect(left, () => undefined)();
    const statuses = async () =>
      (await jpush.call('POST', '/v3/devices/status', { registration_ids: [here, left, never, 'no id'] })).json;
    const at = '2026-03-01 10:03:04';
    expect(await statuses()).toEqual({
      [here]: { online: true, last_online_time: at },
      [left]: { online: true, last_online_time: at },
      [never]: { online: false },
      'no id': {},
    });
    now += 600_000;
    expect((await statuses())[left]).toEqual({ online: false, last_online_time: at });
    now += 2 * 24 * 3_600_000;
    expect((await statuses())[left]).toEqual({ online: false });
  });

  it('is for VIP only, and wants a list', async () => {
    const ask = async (vip: boolean, body: unknown) =>
      (await (await testJPush({ vip })).call('POST', '/v3/devices/status', body)).json.error.code;
    expect(await ask(false, { registration_ids: ['a'] })).toBe(2006);
    expect(await ask(true, {})).toBe(7002);
    expect(await ask(true, { registration_ids: [1] })).toBe(7002);
  });
});
