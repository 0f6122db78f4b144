/** Single pushes in batches (`docs/jpush.md §7`). */
import { describe, expect, it } from 'vitest';
import { app, testJPush } from './support.ts';

const PATH = '/v3/push/batch/regid/single';
const item = (target: unknown, more: object = {}) => ({
  platform: 'all',
  target,
  message: { msg_content: `to ${target}` },
  ...more,
});

it('is for VIP only', async () => {
  const jpush = await testJPush({ adoptUnknown: true });
  const { status, json } = await jpush.call('POST', PATH, { pushlist: { [await jpush.cid()]: item('a') } });
  expect([status, json.error.code]).toEqual([403, 2006]);
  expect(jpush.journal.counts.accepted).toBe(0);
});

describe('a batch', () => {
  it('gives a verdict for each of its pushes, by cid', async () => {
    const jpush = await testJPush({ vip: true });
    const live = jpush.registry.register(app.appKey);
    const [one, two, three, four] = [await jpush.cid(), await jpush.cid(), await jpush.cid(), await jpush.cid()];
    const pushlist = {
      [one]: item(live, { options: { time_to_live: 60 } }),
      [two]: item('never-seen'),
      [three]: item('no id'),
      [four]: item(undefined),
      [`${app.appKey}-made-up`]: item(live),
    };
    const { status, json, text } = await jpush.call('POST', PATH, { pushlist });
    expect(status).toBe(200);
    expect(json[two].error).toMatchObject({ code: 1011 });
    expect(json[three].error).toEqual({ code: 1003, message: 'The registration_id no id is invalid!' });
    expect(json[four].error).toMatchObject({ code: 1002 });
    expect(json[`${app.appKey}-made-up`].error).toMatchObject({ code: 1003 });
    const [push, ...others] = jpush.journal.pushes();
    expect(others).toEqual([]);
    expect(push).toMatchObject({ cid: one, registrationIds: [live], content: `to ${live}`, timeToLive: 60 });
    // A number, longer than JavaScript's.
    expect(text).toContain(`"${one}":{"msg_id":${push?.msgId}}`);
    expect(jpush.journal.counts.refused).toEqual({ 1002: 1, 1003: 2, 1011: 1 });
  });

  it('has no second effect where a cid was used', async () => {
    const jpush = await testJPush({ vip: true, adoptUnknown: true });
    const pushlist = { [await jpush.cid()]: item('a') };
    const first = await jpush.call('POST', PATH, { pushlist });
    expect((await jpush.call('POST', PATH, { pushlist })).text).toBe(first.text);
    expect(jpush.journal.counts).toMatchObject({ accepted: 1, replayed: 1 });
  });

  it('to aliases finds no target, since the look-alike has none', async () => {
    const jpush = await testJPush({ vip: true, adoptUnknown: true });
    const cid = await jpush.cid();
    const { json } = await jpush.call('POST', '/v3/push/batch/alias/single', { pushlist: { [cid]: item('a') } });
    expect(json[cid].error.code).toBe(1011);
  });

  it.each([
    ['is no JSON', '{', 400, 1003],
    ['has no list', {}, 400, 1002],
    ['has an empty list', { pushlist: {} }, 400, 1002],
    ['has another list', { pushlist: [] }, 400, 1003],
    ['is too long', { pushlist: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, {}])) }, 400, 1003],
  ])('that %s fails as a whole', async (_, body, status, code) => {
    const jpush = await testJPush({ vip: true });
    const answer = await jpush.call('POST', PATH, body);
    expect([answer.status, answer.json.error.code]).toEqual([status, code]);
  });

  it('is posted', async () => {
    const jpush = await testJPush({ vip: true });
    expect((await jpush.call('GET', PATH)).json.error.code).toBe(1001);
  });
});
