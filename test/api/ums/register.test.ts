/** `docs/api.md §4 register` */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApi } from '../../../src/api/server.ts';
import { registrationStream } from '../../../src/domain/streams.ts';
import { openTestApi, type TestApi, tabletApp } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const clientId = 'client-1';
const valid = { clientId, pushId: 'p', deviceType: '01', collab3th: 0, appPackage: 'com.example.phone' };
const speaker = {
  ...valid,
  deviceId: clientId,
  pushId: clientId,
  deviceType: '08',
  collab3th: 1,
  appPackage: 'com.example.speaker',
};
const register = (change: Record<string, unknown>, more = {}) =>
  api.call('register', { clientId, body: { ...valid, ...change }, ...more });

describe('parameters', () => {
  test.each(['clientId', 'pushId', 'deviceType', 'collab3th'])('B00001 without %s', async (field) => {
    for (const absent of [undefined, null, ''])
      expect(await register({ [field]: absent })).toMatchObject({
        status: 200,
        retCode: 'B00001',
        retInfo: `缺少必填参数: ${field}`,
        data: null,
      });
  });

  test.each([
    ['B00004', 'userId', 1],
    ['B00004', 'userName', {}],
    ['B00004', 'clientId', 1],
    ['B00004', 'clientId', 'client-2'],
    ['B00004', 'deviceId', []],
    ['B00004', 'pushId', true],
    ['B00004', 'deviceName', 1.5],
    ['B00004', 'deviceType', 1],
    ['C00006', 'deviceType', '00'],
    ['C00006', 'deviceType', '09'],
    ['C00006', 'deviceType', '1'],
    ['B00004', 'typeId', 1],
    ['B00004', 'collab3th', '0'],
    ['B00004', 'collab3th', 0.5],
    ['B00004', 'collab3th', true],
    ['B00004', 'collab3th', 1],
    ['B00004', 'appPackage', 1],
    ['B00004', 'deviceName', 'x'.repeat(1025)],
    ['B00004', 'pushId', 'x'.repeat(1025)],
  ])('%s for %s = %j', async (retCode, field, value) => {
    const answer = await register({ [field]: value });
    expect(answer).toMatchObject({ status: 200, retCode, data: null });
    expect(answer.retInfo).toMatch(new RegExp(`: ${field}$`));
  });

  test('B00004 on M2M unless clientId, deviceId and pushId are one', async () => {
    for (const change of [
      { deviceId: undefined },
      { deviceId: 'other' },
      { pushId: 'other' },
      { pushId: 'x', appPackage: 1 },
    ])
      expect(await register({ ...speaker, ...change })).toMatchObject({
        retCode: 'B00004',
        retInfo: '参数不符合规则要求: collab3th',
      });
    expect(await register(speaker)).toMatchObject({ retCode: '00000', data: { collab3th: 1, deviceType: '08' } });
  });

  test('the first field of the contract that breaks a rule answers', async () => {
    const order = [
      ['userId', 1, 'B00004'],
      ['clientId', 'client-2', 'B00004'],
      ['pushId', '', 'B00001'],
      ['deviceType', '99', 'C00006'],
      ['typeId', 1, 'B00004'],
      ['collab3th', '2', 'B00004'],
      ['appPackage', 1, 'B00004'],
    ] as const;
    for (const [index, [field, , retCode]] of order.entries()) {
      const wrong = Object.fromEntries(order.slice(index).map(([name, value]) => [name, value]));
      const answer = await register(wrong);
      expect([answer.retCode, answer.retInfo.split(': ')[1]]).toEqual([retCode, field]);
    }
  });

  test('1.0 is an integer; unknown fields and absent optional ones are ignored; of a repeated key the last counts', async () => {
    const body = `{"clientId":"other","clientId":"client-1","pushId":"p","deviceType":"01","collab3th":0.0,
      "appPackage":"com.example.phone","userId":null,"typeId":"","burn":7,"__proto__":{"userId":"x"}}`;
    const answer = await api.call('register', { clientId, body });
    expect(answer.retCode).toBe('00000');
    expect(answer.data).not.toHaveProperty('userId');
    expect(answer.data).not.toHaveProperty('typeId');
  });
});

describe('state, in this order', () => {
  test('B00001 without a package of an app that has several, the only one of an app that has one', async () => {
    const several = await register({ appPackage: undefined, userId: 'u1' });
    expect([several.retCode, several.retInfo]).toEqual(['B00001', '缺少必填参数: appPackage']);
    const one = await register({ appPackage: undefined }, { app: tabletApp });
    expect(one.data.appPackage).toBe('com.example.tablet');
  });

  test('H32005 for a package of another app or of none, before the user', async () => {
    for (const appPackage of ['com.example.tablet', 'com.other', 'constructor'])
      expect(await register({ appPackage, userId: 'u1' })).toMatchObject({ status: 200, retCode: 'H32005' });
  });

  test.each(['2', '-1', '1e3', '1e400', '-1e400', '9007199254740993'])(
    'H32004 for collab3th = %s, an integer that no channel goes by',
    async (digits) => {
      const body = JSON.stringify({ ...valid, collab3th: '#' }).replace('"#"', digits);
      const answer = await api.call('register', { clientId, body });
      expect(answer).toMatchObject({ status: 200, retCode: 'H32004', retInfo: '第三方通道暂不支持: collab3th' });
    },
  );

  test('H32004 for M2M on anything but a smart speaker', async () => {
    for (const deviceType of ['01', '02', '03', '04', '05', '06', '07'])
      expect(await register({ ...speaker, deviceType })).toMatchObject({ status: 200, retCode: 'H32004' });
  });

  test('H32004 for JPush on a package without its credentials, before the user', async () => {
    expect(await register({ appPackage: 'com.example.speaker', userId: 'u1' })).toMatchObject({ retCode: 'H32004' });
  });

  test('D00003 for a user without a token, D00008 with that of another', async () => {
    expect(await register({ userId: 'u1' })).toMatchObject({ status: 401, retCode: 'D00003' });
    expect(await register({ userId: 'u1' }, { user: 'u2' })).toMatchObject({ status: 200, retCode: 'D00008' });
    expect(await register({ userId: 'u1' }, { user: 'u1' })).toMatchObject({
      retCode: '00000',
      data: { userId: 'u1' },
    });
  });
});

/** Everything that can be wrong with a request, in the order of the checks (`docs/api.md §2`). */
interface Fault {
  readonly retCode: string;
  readonly what: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const faults: readonly Fault[] = [
  { retCode: 'B00004', what: 'a userId that is no text', body: { userId: 1 } },
  { retCode: 'B00004', what: 'the clientId of another', body: { clientId: 'client-2' } },
  { retCode: 'B00001', what: 'no pushId', body: { pushId: '' } },
  { retCode: 'C00006', what: 'an unknown deviceType', body: { deviceType: '09' } },
  { retCode: 'B00001', what: 'no collab3th', body: { collab3th: null } },
  { retCode: 'B00004', what: 'a collab3th that is no integer', body: { collab3th: '2' } },
  { retCode: 'B00004', what: 'M2M with another deviceId', body: { collab3th: 1, deviceId: 'd' } },
  { retCode: 'B00004', what: 'an appPackage that is no text', body: { appPackage: 1 } },
  { retCode: 'C00005', what: 'a sequenceId of another request', headers: { sequenceId: 'used' } },
  { retCode: 'H32005', what: 'a foreign package', body: { appPackage: 'com.example.tablet' } },
  { retCode: 'H32004', what: 'a collab3th that no channel goes by', body: { collab3th: 2 } },
  { retCode: 'H32004', what: 'M2M on a phone', body: { collab3th: 1 } },
  { retCode: 'B00001', what: 'no appPackage', body: { appPackage: null } },
  { retCode: 'H32004', what: 'a package without JPush', body: { appPackage: 'com.example.speaker' } },
  { retCode: 'D00003', what: 'a user without a token', body: { userId: 'u1' } },
];

describe('of two faults the earlier one in the order of the checks answers', () => {
  const good = { ...valid, deviceId: clientId, pushId: clientId };
  const send = (...wrong: readonly Fault[]) =>
    api.call('register', {
      clientId,
      body: Object.assign({}, good, ...wrong.map(({ body }) => body)),
      headers: Object.assign({}, ...wrong.map(({ headers }) => headers)),
    });
  const isApart = (one: Fault, other: Fault): boolean =>
    Object.keys(one.body ?? {}).every((field) => !(field in (other.body ?? {})));

  beforeAll(async () => {
    const answer = await register({}, { headers: { sequenceId: 'used' } });
    expect(answer.retCode).toBe('00000');
  });

  test.each(faults)('alone: $retCode for $what', async (fault) => {
    expect(await send(fault)).toMatchObject({ retCode: fault.retCode, data: null });
  });

  test.each(
    faults.flatMap((first, at) =>
      faults
        .slice(at + 1)
        .filter((second) => isApart(first, second))
        .map((second) => ({ first, second })),
    ),
  )('$first.what before $second.what', async ({ first, second }) => {
    const [alone, both] = [await send(first), await send(first, second)];
    expect([both.retCode, both.retInfo]).toEqual([alone.retCode, alone.retInfo]);
  });
});

test('registering again replaces the fields that are sent, keeps the rest, and moves the terminal to its new user at once', async () => {
  const id = 'mover';
  const first = await api.register(id, {
    userId: 'u1',
    userName: 'Ada',
    deviceName: 'Fridge',
    typeId: 't',
    deviceId: 'd',
  });
  expect(first.data.status).toBe(1);
  const second = await api.register(id, { userId: 'u2', pushId: 'p2' });
  expect(second.data).toEqual({
    ...first.data,
    userId: 'u2',
    userName: undefined,
    pushId: 'p2',
    status: 3,
    regTime: first.data.regTime,
  });
  const clientIdsOf = async (user: string) => {
    const { data } = await api.call('devlist', { user });
    return data.map((device: { clientId: string }) => device.clientId);
  };
  expect(await clientIdsOf('u1')).not.toContain(id);
  expect(await clientIdsOf('u2')).toContain(id);

  const third = await api.register(id, { userName: 'nobody' });
  expect(third.data).not.toHaveProperty('userId');
  expect(third.data).not.toHaveProperty('userName');
  expect(await clientIdsOf('u2')).not.toContain(id);
});

test('unregistering in between: the status goes 1, 3, 2, 1, and regTime stays', async () => {
  const id = 'returner';
  const first = await api.register(id);
  expect((await api.register(id)).data.status).toBe(3);
  await api.call('unreg', { clientId: id, body: { appPackage: 'com.example.phone' } });
  expect((await api.register(id)).data).toMatchObject({ status: 1, regTime: first.data.regTime });
});

test('the metadata of the event', async () => {
  await api.register('meta-1', { appPackage: 'com.example.fridge' });
  await api.call('register', {
    clientId: 'meta-1',
    user: 'u1',
    body: { ...valid, clientId: 'meta-1' },
    headers: { sequenceId: 's-1' },
  });
  const metadataOf = async (appPackage: string) => {
    const stream = registrationStream({ clientId: 'meta-1', appPackage });
    return { stream, metadata: (await api.deps.log.readStream(stream))[0]?.metadata };
  };
  const plain = await metadataOf('com.example.fridge');
  expect(plain.metadata).toMatchObject({
    correlationId: plain.stream,
    causationId: expect.stringMatching(/^request:[0-9a-f-]{36}$/),
    actor: { kind: 'terminal', appId: 'MB-DEMO-0000', clientId: 'meta-1' },
  });
  expect(plain.metadata).not.toHaveProperty('requestId');
  const numbered = await metadataOf('com.example.phone');
  expect(numbered.metadata).toMatchObject({
    correlationId: numbered.stream,
    causationId: expect.stringMatching(/^request:[0-9a-f]{64}$/),
    actor: { kind: 'terminal', appId: 'MB-DEMO-0000', userId: 'u1', clientId: 'meta-1' },
    requestId: 's-1',
  });
});

test('a device list that stays behind is waited for, and then the answer goes out anyway', async () => {
  const waits: unknown[] = [];
  const behind = await openTestApi(({ documents }) => ({
    documents: {
      ...documents,
      reached: async (name, _position, timeoutMs) => {
        waits.push([name, timeoutMs]);
        return false;
      },
    },
  }));
  expect((await behind.register('c')).retCode).toBe('00000');
  expect(waits).toEqual([['devices', 5000]]);
  await behind.close();
});

test('a device list that has failed is not waited for', async () => {
  const waits: unknown[] = [];
  const failed = await openTestApi(({ documents }) => ({
    documents: { ...documents, reached: async (name) => waits.push(name) > 0 },
    telemetry: { parts: () => [{ part: 'projection.devices', state: 'failed', since: new Date().toISOString() }] },
  }));
  expect((await failed.register('c')).retCode).toBe('00000');
  expect(waits).toEqual([]);
  await failed.close();
});

const eventsOf = async (clientId: string) =>
  (await api.deps.log.readStream(registrationStream({ clientId, appPackage: 'com.example.phone' }))).length;

describe('a registration that changes nothing', () => {
  const send = (clientId: string, sequenceId: string, more: object = {}) =>
    api.call('register', {
      clientId,
      body: { ...valid, clientId, ...more },
      user: 'u1',
      headers: { sequenceId },
    });

  test('appends nothing at status 3 and answers the same', async () => {
    const id = 'constant';
    await send(id, 'same-1');
    const second = await send(id, 'same-2');
    expect(second.data.status).toBe(3);
    for (const n of [3, 4, 5]) expect((await send(id, `same-${n}`)).text).toBe(second.text);
    expect(await eventsOf(id)).toBe(2);
  });

  test('is remembered: repeated later, it undoes nothing, and its sequenceId is used', async () => {
    const id = 'remembered';
    await send(id, 'rem-1');
    await send(id, 'rem-2');
    const third = await send(id, 'rem-3');
    expect((await send(id, 'rem-4', { pushId: 'newer' })).data.pushId).toBe('newer');
    expect((await send(id, 'rem-3')).text).toBe(third.text);
    expect((await send(id, 'rem-3', { pushId: 'other' })).retCode).toBe('C00005');
    expect(await eventsOf(id)).toBe(3);
    expect((await send(id, 'rem-5', { pushId: 'newer' })).data.pushId).toBe('newer');
    expect(await eventsOf(id)).toBe(3);
  });

  test('by twins that run at once gets one answer', async () => {
    const id = 'twins';
    await send(id, 'twin-1');
    await send(id, 'twin-2');
    const answers = await Promise.all(Array.from({ length: 8 }, () => send(id, 'twin-3')));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.retCode).toBe('00000');
  });
});

test('50 registrations of one terminal at once all succeed, and so do those of another process', async () => {
  // Another server has no part in the turns that this one's commands take.
  const { log } = api.deps;
  const elsewhere = buildApi({ ...api.deps, log: { ...log } });
  const codes = await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      const options = { clientId: 'busy', body: { ...valid, clientId: 'busy', pushId: `push-${n}` } };
      return (await api.callOn(n % 2 === 0 ? api.app : elsewhere, 'register', options)).retCode;
    }),
  );
  expect(new Set(codes)).toEqual(new Set(['00000']));
  expect(await eventsOf('busy')).toBe(50);
  await elsewhere.close();
});

test('no command on a registration reads its whole stream, which grows with the age of its terminal', async () => {
  const bounded = await openTestApi(({ log }) => ({
    log: { ...log, readStream: () => Promise.reject(new Error('not to be read whole')) },
  }));
  for (const status of [1, 3]) expect((await bounded.register('old')).data.status).toBe(status);
  const body = { appPackage: 'com.example.phone' };
  expect((await bounded.call('unreg', { clientId: 'old', body })).retCode).toBe('00000');
  expect((await bounded.call('unreg', { clientId: 'old', body })).retCode).toBe('H32006');
  expect((await bounded.register('old')).data.status).toBe(1);
  await bounded.close();
});
