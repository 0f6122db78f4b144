/** `docs/api.md §4 msgPush and msgPushtry` */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AcceptedMessage } from '../../../src/domain/events.ts';
import { messageStream } from '../../../src/domain/streams.ts';
import { openTestApi, phoneApp, type TestApi, tabletApp } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('phone-1', { userId: 'u1', deviceId: 'd1' });
  await api.register('phone-1', { userId: 'u1', deviceId: 'd1', appPackage: 'com.example.fridge', deviceType: '04' });
  await api.register('phone-2', { userId: 'u1', deviceId: 'd1' });
  await api.register('other-1', { userId: 'u2', deviceId: 'd1', deviceType: '02' });
  await api.register('nobody-1');
  const speaker = { deviceType: '08', collab3th: 1, appPackage: 'com.example.speaker' };
  await api.register('speaker-1', { ...speaker, userId: 'u1', deviceId: 'speaker-1', pushId: 'speaker-1' });
});
afterAll(() => api.close());

type Mode = 'msgPush' | 'msgPushtry';
const push = (mode: Mode, body: unknown, user = 'u1') => api.call(mode, { clientId: 'sender', user, body });
const toPhone = { type: 0, Id: ['phone-1'] };

async function accepted(msgId: string): Promise<AcceptedMessage> {
  const [first] = await api.deps.log.readStream(messageStream(msgId));
  if (first?.event.type !== 'MessageAccepted') throw new Error('no such message');
  return first.event.data;
}

async function targetsOf(mode: Mode, dst: object, user?: string): Promise<string[]> {
  const { data } = await push(mode, { dst }, user);
  const { targets } = await accepted(data.msgId);
  return targets.map(({ clientId, appPackage }) => `${clientId} ${appPackage.split('.').at(-1)}`);
}

describe.each(['msgPush', 'msgPushtry'] as const)('%s: parameters', (mode) => {
  test.each([
    ['B00002', 'expires', { expires: '60' }],
    ['B00002', 'expires', { expires: 1.5 }],
    ['B00003', 'expires', { expires: 0 }],
    ['B00003', 'expires', { expires: -1 }],
    ['B00003', 'expires', { expires: 864_001 }],
    ['B00003', 'expires', { expires: 1e300 }],
    ['B00003', 'expires', '{"expires":1e400}'],
    ['B00003', 'expires', '{"expires":-1e400}'],
    ['B00001', 'dst', { dst: undefined }],
    ['B00001', 'dst', { dst: null }],
    ['B00001', 'dst', { dst: '' }],
    ['B00002', 'dst', { dst: 'all' }],
    ['B00002', 'dst', { dst: [] }],
    ['B00001', 'dst.type', { dst: {} }],
    ['B00001', 'dst.type', { dst: { type: null, Id: ['a'] } }],
    ['B00002', 'dst.type', { dst: { type: '0', Id: ['a'] } }],
    ['B00002', 'dst.type', { dst: { type: 0.5, Id: ['a'] } }],
    ['B00003', 'dst.type', { dst: { type: 4, Id: ['a'] } }],
    ['B00003', 'dst.type', { dst: { type: -1, Id: ['a'] } }],
    ['B00003', 'dst.type', '{"dst":{"type":1e400,"Id":["a"]}}'],
    ['B00002', 'message', '{"dst":{"type":0,"Id":["a"]},"message":1e400}'],
    ['B00002', 'dst.Id.0', '{"dst":{"type":0,"Id":[1e400]}}'],
    ['B00001', 'dst.Id', { dst: { type: 0 } }],
    ['B00001', 'dst.Id', { dst: { type: 0, Id: null } }],
    ['B00001', 'dst.Id', { dst: { type: 1, Id: [] } }],
    ['B00002', 'dst.Id', { dst: { type: 1, Id: 'a' } }],
    ['B00002', 'dst.Id.1', { dst: { type: 0, Id: ['a', 1] } }],
    ['B00002', 'dst.Id.0', { dst: { type: 0, Id: [null] } }],
    ['B00004', 'dst.Id.0', { dst: { type: 0, Id: [''] } }],
    ['B00006', 'dst.Id', { dst: { type: 0, Id: Array(201).fill('phone-1') } }],
    ['B00006', 'dst.Id', { dst: { type: 0, Id: Array(201).fill(1) } }],
    ['B00001', 'dst.devType', { dst: { type: 2, Id: ['a'] } }],
    ['B00002', 'dst.devType.0', { dst: { type: 2, devType: [1] } }],
    ['B00001', 'dst.appType', { dst: { type: 3, appType: [] } }],
    ['B00002', 'message', { dst: toPhone, message: 'text' }],
    ['B00002', 'message', { dst: toPhone, message: [] }],
    ['B00002', 'message', { dst: toPhone, message: 1 }],
    ['B00002', 'expires', { expires: '60', dst: 1, message: 1 }],
    ['B00002', 'dst', { dst: 1, message: 1 }],
  ])('%s %s for %j', async (retCode, field, body) => {
    const answer = await push(mode, body);
    expect(answer).toMatchObject({ status: 200, retCode, data: null });
    expect(answer.retInfo).toMatch(new RegExp(`: ${field}$`));
  });

  test('`__proto__` is a key like any other', async () => {
    const body = '{"dst":{"type":0,"__proto__":{"Id":["phone-1"]}},"__proto__":{"dst":{"type":0,"Id":["phone-1"]}}}';
    expect(await push(mode, body)).toMatchObject({ retCode: 'B00001', retInfo: '缺少必填参数: dst.Id' });
  });

  test('200 duplicates are one; burn and other unknown fields are ignored', async () => {
    const dst = { type: 0, Id: Array(200).fill('phone-2'), devType: 7 };
    const { data } = await push(mode, { dst, burn: 'x', expires: 1.0 });
    const message = await accepted(data.msgId);
    expect(message.targets).toHaveLength(1);
    expect(message.expires).toBe(1);
  });

  test('B00006 for a message over the limit of its channel; the smaller one of both', async () => {
    const sized = (bytes: number) => ({ m: 'x'.repeat(bytes - '{"m":""}'.length) });
    const to = (...Id: string[]) => ({ type: 0, Id });
    const codeOf = async (dst: object, bytes: number) => (await push(mode, { dst, message: sized(bytes) })).retCode;
    expect(await codeOf(to('phone-2'), 3072)).toBe('00000');
    expect(await codeOf(to('phone-2'), 3073)).toBe('B00006');
    expect(await codeOf(to('speaker-1'), 65_536)).toBe('00000');
    expect(await codeOf(to('speaker-1'), 65_537)).toBe('B00006');
    expect(await codeOf(to('speaker-1', 'phone-2'), 3073)).toBe('B00006');
  });

  test('the size is that of the text as sent, escapes and all, as UTF-8, white space between tokens aside', async () => {
    const send = async (message: string) =>
      (await push(mode, `{"dst":{"type":0,"Id":["phone-2"]},"message":${message}}`)).retCode;
    expect(await send(`{"m":"${'\\u0061'.repeat(510)}aa"}`)).toBe('00000');
    expect(await send(`{"m":"${'\\u0061'.repeat(511)}"}`)).toBe('B00006');
    expect(await send(`{"m":"${'冰'.repeat(1021)}x"}`)).toBe('00000');
    expect(await send(`{"m":"${'冰'.repeat(1022)}"}`)).toBe('B00006');
    expect(await send(`{${' '.repeat(4000)}"m" : "x"\n}`)).toBe('00000');
  });

  test('the message passes through literally', async () => {
    const sent = '{ "n": 12345678901234567890.10, "__proto__": {"a": 1}, "e": "\\u00e9 é\\/", "n2": 1.0 , "n": -0 }';
    const kept = '{"n":12345678901234567890.10,"__proto__":{"a":1},"e":"\\u00e9 é\\/","n2":1.0,"n":-0}';
    const body = `{"message":{"old":1}, "\\u006dessage" : ${sent}, "dst":{"type":0,"Id":["phone-2"]}}`;
    const { data } = await push(mode, body);
    expect(await api.backend.backend.contents.get(data.msgId)).toBe(kept);
    expect((await accepted(data.msgId)).content.size).toBe(Buffer.byteLength(kept));
  });

  test.each([[undefined], [null], ['']])('no message (%j) is {}', async (message) => {
    const { data } = await push(mode, { dst: { type: 0, Id: ['phone-2'] }, message });
    expect(await api.backend.backend.contents.get(data.msgId)).toBe('{}');
  });

  test('a client is sent to in each of its packages, devices and types only of the user, each target once', async () => {
    expect(await targetsOf(mode, { type: 0, Id: ['phone-1', 'other-1'] })).toEqual([
      'phone-1 phone',
      'phone-1 fridge',
      'other-1 phone',
    ]);
    expect(await targetsOf(mode, { type: 1, Id: ['d1'] })).toEqual([
      'phone-1 phone',
      'phone-1 fridge',
      'phone-2 phone',
    ]);
    expect(await targetsOf(mode, { type: 1, Id: ['d1'] }, 'u2')).toEqual(['other-1 phone']);
    expect(await targetsOf(mode, { type: 2, devType: ['04', '01'] })).toEqual([
      'phone-1 fridge',
      'phone-1 phone',
      'phone-2 phone',
    ]);
    expect(await targetsOf(mode, { type: 3, appType: ['com.example.phone'] })).toEqual([
      'phone-1 phone',
      'phone-2 phone',
    ]);
  });
});

describe('msgPush: state', () => {
  test.each([
    ['B00003', 'dst.devType.1', { type: 2, devType: ['01', '09'] }],
    ['B00004', 'dst.devType.0', { type: 2, devType: ['', '09'] }],
    ['B00003', 'dst.appType', { type: 3, appType: ['com.example.fridge', 'com.unknown'] }],
    ['H32006', 'dst.Id', { type: 0, Id: ['phone-1', 'never'] }],
    ['H32006', 'dst.Id', { type: 1, Id: ['d1', 'phone-1'] }],
    ['H32006', 'dst.devType', { type: 2, devType: ['01', '07'] }],
    ['H32006', 'dst.appType', { type: 3, appType: ['com.example.phone', 'com.example.tablet'] }],
  ])('%s %s for %j; nothing is sent', async (retCode, field, dst) => {
    const before = await api.deps.log.head();
    const answer = await push('msgPush', { dst, message: { m: 'x'.repeat(4000) } });
    expect([answer.status, answer.retCode, answer.retInfo.split(': ')[1]]).toEqual([200, retCode, field]);
    expect(await api.deps.log.head()).toBe(before);
  });

  test('an unregistered terminal is H32006 at once', async () => {
    await api.register('leaver');
    expect((await push('msgPush', { dst: { type: 0, Id: ['leaver'] } })).retCode).toBe('00000');
    await api.call('unreg', { clientId: 'leaver', body: { appPackage: 'com.example.phone' } });
    expect((await push('msgPush', { dst: { type: 0, Id: ['leaver'] } })).retCode).toBe('H32006');
  });

  test('a package of another app is an app type like any other', async () => {
    const body = { clientId: 'tab-1', pushId: 'p', deviceType: '02', collab3th: 0, userId: 'u7' };
    await api.call('register', { clientId: 'tab-1', user: 'u7', app: tabletApp, body });
    expect(await targetsOf('msgPush', { type: 3, appType: ['com.example.tablet'] }, 'u7')).toEqual(['tab-1 tablet']);
  });
});

describe('msgPushtry: state', () => {
  test.each([
    [['never', 'gone'], { type: 0, Id: ['never', 'phone-2', 'gone', 'never'] }],
    [[], { type: 0, Id: ['phone-2'] }],
    [['x'.repeat(3000)], { type: 1, Id: ['x'.repeat(3000), 'd1'] }],
    [['99', '07', '1'], { type: 2, devType: ['99', '01', '07', '1'] }],
    [
      ['com.unknown', 'com.example.tablet'],
      { type: 3, appType: ['com.unknown', 'com.example.phone', 'com.example.tablet'] },
    ],
  ])('drops %j, tells it, and sends to the rest', async (filtered, dst) => {
    const { retCode, data } = await push('msgPushtry', { dst });
    expect([retCode, data.filtered]).toEqual(['00000', filtered]);
    expect((await accepted(data.msgId)).destination).toEqual({ type: dst.type, mode: 'try', filtered });
  });

  test.each([
    { type: 0, Id: ['never'] },
    { type: 1, Id: ['never'] },
    { type: 2, devType: ['99'] },
    { type: 3, appType: ['com.unknown'] },
  ])('H32011 when nothing is left: %j', async (dst) => {
    expect(await push('msgPushtry', { dst, message: { m: 'x'.repeat(4000) } })).toMatchObject({ retCode: 'H32011' });
  });
});

test('the fields of the event', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const { data } = await api.call('msgPush', {
    clientId: 'sender',
    user: 'u1',
    body: { dst: { type: 2, devType: ['08'] }, expires: 60, message: { a: 1 } },
    headers: { sequenceId: 's-1', traceparent },
  });
  const { msgId } = data;
  const [event] = await api.deps.log.readStream(messageStream(msgId));
  const at = event?.metadata.at ?? '';
  expect(event?.event).toEqual({
    type: 'MessageAccepted',
    data: {
      msgId,
      origin: 'terminal',
      appId: phoneApp.appId,
      userId: 'u1',
      clientId: 'sender',
      destination: { type: 2, mode: 'strict', filtered: [] },
      boundUserId: 'u1',
      expires: 60,
      expiresAt: new Date(Date.parse(at) + 60_000).toISOString(),
      content: { size: 7, sha256: '015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862' },
      targets: [
        {
          clientId: 'speaker-1',
          appPackage: 'com.example.speaker',
          channel: 'm2m',
          deviceType: '08',
          deviceId: 'speaker-1',
          userId: 'u1',
        },
      ],
    },
  });
  expect(event?.metadata).toEqual({
    correlationId: msgId,
    causationId: expect.stringMatching(/^request:[0-9a-f]{64}$/),
    actor: { kind: 'terminal', appId: phoneApp.appId, userId: 'u1', clientId: 'sender' },
    requestId: 's-1',
    at,
    traceparent,
    schemaVersion: 1,
  });
});

test('only targets that were chosen through a user are bound to that user', async () => {
  const { data } = await push('msgPush', { dst: { type: 0, Id: ['nobody-1'] } });
  const message = await accepted(data.msgId);
  expect(message.boundUserId).toBeUndefined();
  expect(message.targets[0]?.userId).toBeUndefined();
  expect(message.expires).toBe(86_400);
});
