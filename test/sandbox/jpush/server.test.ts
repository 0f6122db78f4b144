/** The look-alike as a server: auth, rate, cids, targets, withdrawal. */
import { describe, expect, it } from 'vitest';
import { app, other, pushTo, testJPush } from './support.ts';

describe('auth', () => {
  it.each([
    ['no secret', { ...app, masterSecret: '' }],
    ['another app’s secret', { ...app, masterSecret: other.masterSecret }],
    ['an unknown app', { ...app, appKey: 'unknown' }],
  ])('refuses %s, before it looks at anything else', async (_, as) => {
    const jpush = await testJPush({ callsPerMinute: 0 });
    const { status, json } = await jpush.call('POST', '/v3/push', '{', as);
    expect([status, json.error.code]).toEqual([401, 1004]);
  });

  it('takes the name of its scheme in any case', async () => {
    const { url } = await testJPush();
    for (const scheme of ['basic', 'BASIC', 'Basic ']) {
      const authorization = `${scheme} ${btoa(`${app.appKey}:${app.masterSecret}`)}`;
      expect((await fetch(`${url}/v3/push/cid`, { headers: { authorization } })).status).toBe(200);
    }
    const other = { authorization: `Bearer ${btoa(`${app.appKey}:${app.masterSecret}`)}` };
    expect((await fetch(`${url}/v3/push/cid`, { headers: other })).status).toBe(401);
  });

  it('refuses no credentials at all', async () => {
    const { url } = await testJPush();
    expect((await fetch(`${url}/v3/push/cid`)).status).toBe(401);
  });
});

describe('the rate', () => {
  it('is a window of a minute for each app, told in both spellings', async () => {
    let now = 1_000_000;
    const jpush = await testJPush({ callsPerMinute: 2, adoptUnknown: true, now: () => now });
    const { headers } = await jpush.push(pushTo(['a']));
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-rate-limit-limit': '2',
      'x-rate-limit-quota': '2',
      'x-rate-limit-remaining': '1',
      'x-rate-limit-reset': '60',
    });
    now += 15_500;
    await jpush.push(pushTo([]));
    const third = await jpush.push(pushTo(['a']));
    expect([third.status, third.json.error.code, third.headers.get('x-rate-limit-reset')]).toEqual([429, 2002, '45']);
    expect((await jpush.call('GET', '/v3/push/cid', undefined, other)).status).toBe(200);
    now += 44_500;
    expect((await jpush.push(pushTo(['a']))).status).toBe(200);
  });

  it('can be lifted', async () => {
    const jpush = await testJPush({ callsPerMinute: 0, adoptUnknown: true });
    expect((await jpush.push(pushTo(['a']))).status).toBe(429);
    jpush.rate.setLimit(Number.POSITIVE_INFINITY);
    const { status, headers } = await jpush.push(pushTo(['a']));
    expect([status, headers.get('x-rate-limit-limit')]).toEqual([200, null]);
  });
});

describe('an accepted push', () => {
  it('is answered with ids as text, and kept', async () => {
    const accepted: unknown[] = [];
    const jpush = await testJPush({ adoptUnknown: true, onAccepted: (push) => accepted.push(push) });
    const { json, headers } = await jpush.push(pushTo(['a'], { options: { sendno: 12 } }));
    expect(json).toEqual({ sendno: '12', msg_id: expect.stringMatching(/^\d{17,}$/) });
    expect(headers.get('x-jpush-msgid')).toBe(json.msg_id);
    expect(jpush.journal.pushes()).toEqual(accepted);
    expect(jpush.journal.find(json.msg_id)).toMatchObject({
      appKey: app.appKey,
      registrationIds: ['a'],
      content: '{}',
    });
    const second = await jpush.push(pushTo(['a']));
    expect(second.json.msg_id).not.toBe(json.msg_id);
  });

  it('is forgotten for newer ones, but counted', async () => {
    const jpush = await testJPush({ adoptUnknown: true, journalSize: 3 });
    for (let index = 0; index < 5; index += 1) await jpush.push(pushTo([`a${index}`, 'b']));
    expect(jpush.journal.pushes().map(({ registrationIds }) => registrationIds[0])).toEqual(['a2', 'a3', 'a4']);
    await jpush.push(pushTo([]));
    expect(jpush.journal.counts).toEqual({ accepted: 5, targets: 10, replayed: 0, refused: { 1002: 1 } });
  });
});

describe('a cid', () => {
  it('is issued in numbers that the tier allows', async () => {
    const jpush = await testJPush();
    const count = async (query: string) => (await jpush.call('GET', `/v3/push/cid${query}`)).json.cidlist?.length;
    expect(await Promise.all([count(''), count('?count=3&type=push'), count('?count=1000')])).toEqual([1, 3, 10]);
    for (const query of ['?count=0', '?count=x', '?type=other'])
      expect((await jpush.call('GET', `/v3/push/cid${query}`)).json.error.code).toBe(1003);
    const vip = await testJPush({ cidsPerCall: 1000 });
    expect((await vip.call('GET', '/v3/push/cid?count=1000')).json.cidlist).toHaveLength(1000);
  });

  it('brings the first success again, and no second effect', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const cid = await jpush.cid();
    expect((await jpush.push(pushTo(['not an id'], { cid }))).json.error.code).toBe(1003);
    const first = await jpush.push(pushTo(['a'], { cid }));
    const again = await jpush.push(pushTo(['a'], { cid }));
    expect(again.json).toEqual(first.json);
    expect(jpush.journal.counts).toMatchObject({ accepted: 1, replayed: 1 });
  });

  it('lets pushes at the same time through one by one', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const cid = await jpush.cid();
    jpush.faults.inject({ fault: { type: 'hang', ms: 30 }, times: 1 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => jpush.push(pushTo(['a'], { cid }))));
    expect(new Set(answers.map(({ json }) => json.msg_id)).size).toBe(1);
    expect(jpush.journal.counts).toMatchObject({ accepted: 1, replayed: 4 });
  });

  it('keeps the second push waiting while the first is under way', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const body = pushTo(['a'], { cid: await jpush.cid() });
    jpush.faults.inject({ fault: { type: 'hang', ms: 60_000 }, times: 1 });
    const first = jpush.push(body);
    first.catch(() => {});
    await expect.poll(() => jpush.faults.pending()).toBe(0);
    await expect(jpush.call('POST', '/v3/push', body, app, AbortSignal.timeout(200))).rejects.toThrow();
    expect(jpush.journal.counts.accepted).toBe(0);
  });

  it('may be of an earlier run if unknown ones are adopted', async () => {
    const cid = await (await testJPush()).cid();
    const jpush = await testJPush({ adoptUnknown: true });
    const first = await jpush.push(pushTo(['a'], { cid }));
    expect(first.status).toBe(200);
    expect((await jpush.push(pushTo(['a'], { cid }))).json).toEqual(first.json);
    const strict = await testJPush();
    expect((await strict.push(pushTo(['a'], { cid }))).json.error.code).toBe(1003);
  });

  it('is refused when it is made up, another app’s, or a day old', async () => {
    let now = 1_000_000;
    const jpush = await testJPush({ adoptUnknown: true, now: () => now });
    const codeWith = async (cid: unknown) => (await jpush.push(pushTo(['a'], { cid }))).json.error?.code;
    const cid = await jpush.cid();
    expect(await codeWith(`${app.appKey}-4a5f8d0e`)).toBe(1003);
    expect(await codeWith(await jpush.cid().then((own) => own.replace(app.appKey, other.appKey)))).toBe(1003);
    expect(await codeWith(5)).toBe(1003);
    expect((await jpush.call('POST', '/v3/push', pushTo(['a'], { cid }), other)).json.error.code).toBe(1003);
    now += 24 * 3_600_000;
    expect(await codeWith(cid)).toBe(1003);
  });
});

describe('targets', () => {
  it('are refused when the only one is malformed, another app’s or gone', async () => {
    const jpush = await testJPush();
    const foreign = jpush.registry.register(other.appKey);
    const gone = jpush.registry.register(app.appKey);
    jpush.registry.retire(app.appKey, gone);
    const errorOf = async (id: string) => (await jpush.push(pushTo([id]))).json.error;
    expect(await errorOf('no id')).toEqual({ code: 1003, message: 'The registration_id no id is invalid!' });
    expect(await errorOf(foreign)).toMatchObject({ code: 1003 });
    expect(await errorOf(gone)).toMatchObject({ code: 1011 });
    expect(await errorOf('never-seen')).toMatchObject({ code: 1011 });
  });

  it('lose their dead without a word while one lives', async () => {
    const jpush = await testJPush();
    const live = jpush.registry.register(app.appKey);
    expect((await jpush.push(pushTo(['no id', live, 'never-seen']))).status).toBe(200);
    expect(jpush.journal.pushes()[0]?.registrationIds).toEqual([live]);
    expect((await jpush.push(pushTo(['no id', 'never-seen']))).json.error.code).toBe(1011);
  });

  it('may be anybody well-formed if unknown ones are adopted', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    const statusOf = async (id: string) => (await jpush.push(pushTo([id]))).status;
    expect(await statusOf('my-phone_1.x')).toBe(200);
    expect(await statusOf('x'.repeat(64))).toBe(200);
    expect(await statusOf('x'.repeat(65))).toBe(400);
    expect(await statusOf('my phone')).toBe(400);
    jpush.registry.retire(app.appKey, 'my-phone_1.x');
    expect(await statusOf('my-phone_1.x')).toBe(400);
  });
});

describe('an audience', () => {
  /** Two terminals: a with tags x and y and the alias ann, b with the tag y. */
  async function tagged() {
    const jpush = await testJPush();
    jpush.registry.register(app.appKey, 'a', { tags: ['x', 'y'], alias: 'ann' });
    jpush.registry.register(app.appKey, 'b', { tags: ['y'] });
    jpush.registry.register(other.appKey, 'c', { tags: ['x', 'y'], alias: 'ann' });
    jpush.registry.register(app.appKey, 'd', { tags: ['x'] });
    jpush.registry.retire(app.appKey, 'd');
    return jpush;
  }

  it.each([
    ['of all', 'all', ['a', 'b']],
    ['of ids', { registration_id: ['a', 'b', 'd'] }, ['a', 'b']],
    ['of one of some tags', { tag: ['x', 'y'] }, ['a', 'b']],
    ['of all tags', { tag_and: ['x', 'y'] }, ['a']],
    ['of no tag', { tag_not: ['x'] }, ['b']],
    ['of an alias', { alias: ['ann', 'bob'] }, ['a']],
    ['of ids and a tag, which intersect', { registration_id: ['a', 'b'], tag: ['x'] }, ['a']],
    ['of an alias and a tag, which intersect', { alias: ['ann'], tag: ['y'] }, ['a']],
    ['of ids and an empty tag, which counts as absent', { registration_id: ['b'], tag: [] }, ['b']],
  ])('%s', async (_, audience, expected) => {
    const jpush = await tagged();
    expect((await jpush.push(pushTo([], { audience }))).status).toBe(200);
    expect(jpush.journal.pushes()[0]?.registrationIds).toEqual(expected);
  });

  it.each([
    [{ tag: ['z'] }],
    [{ registration_id: ['b'], tag: ['x'] }],
    [{ alias: ['bob'] }],
    [{ registration_id: ['a'], segment: ['s'] }],
    [{ file: { file_id: 'f' } }],
  ])('of nobody is 1011: %j', async (audience) => {
    const jpush = await tagged();
    expect((await jpush.push(pushTo([], { audience }))).json.error.code).toBe(1011);
  });
});

describe('other calls', () => {
  it('are refused as JPush does', async () => {
    const jpush = await testJPush();
    expect((await jpush.call('GET', '/v3/push')).json.error.code).toBe(1001);
    expect((await jpush.call('GET', '/v3/nothing')).status).toBe(404);
    for (const body of ['{', '[]', 'null', ''])
      expect((await jpush.call('POST', '/v3/push', body)).json.error.code).toBe(1003);
    expect((await jpush.push(pushTo(['a'], { message: { msg_content: 'x'.repeat(2_000_000) } }))).json.error.code).toBe(
      1005,
    );
  });

  it('can be a dry run', async () => {
    const jpush = await testJPush({ adoptUnknown: true });
    expect((await jpush.call('POST', '/v3/push/validate', pushTo(['a']))).status).toBe(200);
    expect((await jpush.call('POST', '/v3/push/validate', pushTo([]))).json.error.code).toBe(1002);
    expect(jpush.journal.counts.accepted).toBe(0);
  });
});

describe('offline terminals', () => {
  const contents = (seen: (string | undefined)[]) => (message: { content: string | undefined }) => {
    seen.push(message.content);
  };

  it('get the five newest that are still valid once they are online', async () => {
    let now = 1_000_000;
    const jpush = await testJPush({ now: () => now });
    const id = jpush.registry.register(app.appKey);
    const push = (content: string, timeToLive: number) =>
      jpush.push(pushTo([id], { message: { msg_content: content }, options: { time_to_live: timeToLive } }));
    for (const content of ['1', '2', '3', '4', '5', '6']) await push(content, content === '4' ? 10 : 100);
    await push('online only', 0);
    now += 10_000;
    const seen: string[] = [];
    const disconnect = jpush.registry.connect(id, contents(seen));
    await expect.poll(() => seen).toEqual(['2', '3', '5', '6']);
    await push('7', 0);
    await expect.poll(() => seen).toEqual(['2', '3', '5', '6', '7']);
    disconnect();
    await push('8', 100);
    jpush.registry.connect(id, contents(seen));
    await expect.poll(() => seen).toEqual(['2', '3', '5', '6', '7', '8']);
  });

  it('do not get withdrawn messages', async () => {
    const jpush = await testJPush();
    const id = jpush.registry.register(app.appKey);
    const { json } = await jpush.push(pushTo([id]));
    await jpush.push(pushTo([id], { message: { msg_content: 'kept' } }));
    const withdraw = () => jpush.call('DELETE', `/v3/push/${json.msg_id}`);
    expect(await withdraw()).toMatchObject({ status: 200, text: '' });
    expect((await withdraw()).json.error.code).toBe(1003);
    expect((await jpush.call('DELETE', '/v3/push/1')).json.error.code).toBe(1003);
    const seen: string[] = [];
    jpush.registry.connect(id, contents(seen));
    await expect.poll(() => seen).toEqual(['kept']);
  });
});
