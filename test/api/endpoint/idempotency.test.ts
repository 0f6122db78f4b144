/** `docs/api.md §2 Idempotency` */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildApi } from '../../../src/api/server.ts';
import { START } from '../../../src/domain/position.ts';
import { messageStream, streamPrefixes } from '../../../src/domain/streams.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import { type CallOptions, openTestApi, type TestApi, tabletApp } from '../../support/api.ts';

let api: TestApi;
let sequence = 0;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('phone-1', { userId: 'u1' });
});
afterAll(() => api.close());

const nextId = (): string => {
  sequence += 1;
  return `seq-${sequence}`;
};
const call = (name: string, sequenceId: string, options: CallOptions) =>
  api.call(name, { clientId: 'phone-1', user: 'u1', ...options, headers: { ...options.headers, sequenceId } });
const push = (sequenceId: string, change: Record<string, unknown> = {}, options: CallOptions = {}) =>
  call('msgPush', sequenceId, {
    body: { dst: { type: 0, Id: ['phone-1'] }, message: { n: 1 }, ...change },
    ...options,
  });

async function countEvents(): Promise<number> {
  const prefixes = Object.values(streamPrefixes);
  return (await api.deps.log.readAll(START, { prefixes }, 100_000)).length;
}

/** How many events the calls appended. */
async function effectOf(run: () => Promise<unknown>): Promise<number> {
  const before = await countEvents();
  await run();
  return (await countEvents()) - before;
}

const phone = { clientId: 'phone-1', pushId: 'p', deviceType: '01', collab3th: 0, userId: 'u1' };
const registration = { ...phone, appPackage: 'com.example.phone' };

describe('the same request again gets the very same answer and has no second effect', () => {
  test.each([
    ['register', registration],
    ['msgPush', { dst: { type: 0, Id: ['phone-1'] } }],
    ['msgPushtry', { dst: { type: 0, Id: ['never', 'phone-1'] } }],
  ])('%s', async (name, body) => {
    const id = nextId();
    const first = await call(name, id, { body });
    expect(first.retCode).toBe('00000');
    const events = await effectOf(async () => {
      const again = await call(name, id, { body, headers: { timestamp: String(Date.now() - 1000), appVersion: '2' } });
      expect([again.status, again.text]).toEqual([200, first.text]);
    });
    expect(events).toBe(0);
  });

  test('report and unreg, which would be refused the second time', async () => {
    await api.register('phone-2', { userId: 'u1' });
    const pushed = await push(nextId(), { dst: { type: 0, Id: ['phone-2'] } });
    const report = { appPackage: 'com.example.phone', msgId: pushed.data.msgId, status: 4 };
    const reportId = nextId();
    const unregId = nextId();
    const send = async () => [
      (await call('report', reportId, { clientId: 'phone-2', body: report })).text,
      (await call('unreg', unregId, { clientId: 'phone-2', body: { appPackage: 'com.example.phone' } })).text,
    ];
    const first = await send();
    expect(first).toEqual(Array(2).fill('{"retCode":"00000","retInfo":"success","data":null}'));
    expect(await effectOf(async () => expect(await send()).toEqual(first))).toBe(0);
  });

  test('white space and the query string make no difference: the signed text is the same', async () => {
    const id = nextId();
    const first = await push(id);
    const body = '{ "dst": {"type":0, "Id":["phone-1"]}, "message": {"n":1}}';
    expect((await push(id, {}, { body, query: '?x' })).text).toBe(first.text);
  });
});

describe('C00005 for the same key with anything else different', () => {
  const refused = { status: 200, retCode: 'C00005', retInfo: '重复请求', data: null };

  test('another body, also where the parsed values are alike', async () => {
    const id = nextId();
    await push(id);
    expect(await push(id, { message: { n: 2 } })).toMatchObject(refused);
    const alike = '{"dst":{"type":0,"Id":["phone-1"]},"message":{"n":1.0}}';
    expect(await push(id, {}, { body: alike })).toMatchObject(refused);
  });

  test('another path, another user', async () => {
    const id = nextId();
    await push(id);
    const body = { dst: { type: 0, Id: ['phone-1'] }, message: { n: 1 } };
    expect(await call('msgPushtry', id, { body })).toMatchObject(refused);
    expect(await push(id, {}, { user: 'u2' })).toMatchObject(refused);
  });

  test('before the state, after the parameters', async () => {
    const id = nextId();
    await push(id);
    expect(await push(id, { dst: { type: 0, Id: ['never'] } })).toMatchObject(refused);
    expect(await push(id, { dst: { type: 9 } })).toMatchObject({ retCode: 'B00003' });
  });
});

test('another client or another app has keys of its own', async () => {
  const id = nextId();
  const first = await push(id);
  const other = await push(id, {}, { clientId: 'phone-9' });
  expect(other.retCode).toBe('00000');
  const third = await push(id, {}, { app: tabletApp });
  expect(new Set([first, other, third].map(({ data }) => data.msgId)).size).toBe(3);
});

test('without a sequenceId nothing is remembered', async () => {
  const body = { dst: { type: 0, Id: ['phone-1'] } };
  const send = () => api.call('msgPush', { clientId: 'phone-1', user: 'u1', body });
  expect((await send()).data.msgId).not.toBe((await send()).data.msgId);
});

test('a refusal is not remembered', async () => {
  const id = nextId();
  expect((await push(id, { dst: { type: 0, Id: ['comes-later'] } })).retCode).toBe('H32006');
  await api.register('comes-later');
  const first = await push(id, { dst: { type: 0, Id: ['comes-later'] } });
  expect(first.retCode).toBe('00000');
  expect((await push(id, { dst: { type: 0, Id: ['comes-later'] } })).text).toBe(first.text);
});

test('reads neither are remembered nor look', async () => {
  const id = nextId();
  const { data } = await push(id);
  expect((await call('devlist', id, {})).retCode).toBe('00000');
  expect((await call('getmsgstat', id, { body: { msgId: data.msgId } })).retCode).toBe('00000');
  const fresh = nextId();
  expect((await call('devlist', fresh, {})).retCode).toBe('00000');
  expect((await push(fresh)).retCode).toBe('00000');
});

describe('twins that run at once have one effect and one answer', () => {
  test('msgPush', async () => {
    const id = nextId();
    let answers: string[] = [];
    const events = await effectOf(async () => {
      answers = (await Promise.all(Array.from({ length: 8 }, () => push(id)))).map(({ text }) => text);
    });
    expect(new Set(answers).size).toBe(1);
    expect(events).toBe(1);
  });

  test('unreg and report, of which all but one find the state changed', async () => {
    await api.register('twin', { userId: 'u1' });
    const pushed = await push(nextId(), { dst: { type: 0, Id: ['twin'] } });
    const report = { appPackage: 'com.example.phone', msgId: pushed.data.msgId, status: 4 };
    for (const [name, body] of [
      ['report', report],
      ['unreg', { appPackage: 'com.example.phone' }],
    ] as const) {
      const id = nextId();
      const events = await effectOf(async () => {
        const twins = Array.from({ length: 8 }, () => call(name, id, { clientId: 'twin', body }));
        expect((await Promise.all(twins)).map(({ retCode }) => retCode)).toEqual(Array(8).fill('00000'));
      });
      expect(events).toBe(1);
    }
  });

  test('with different bodies: one wins, the others are C00005', async () => {
    const id = nextId();
    const codes = (await Promise.all([1, 2, 3, 4].map((n) => push(id, { message: { n } })))).map((a) => a.retCode);
    expect(codes.sort()).toEqual(['00000', 'C00005', 'C00005', 'C00005']);
  });
});

test('a refusal that the earlier request has caused is answered like that one', async () => {
  const options = { clientId: 'once', body: { appPackage: 'com.example.phone' }, headers: { sequenceId: nextId() } };
  await api.register('once');
  expect((await api.call('unreg', options)).retCode).toBe('00000');
  expect((await api.call('unreg', options)).retCode).toBe('00000');
  const other = { ...options, body: { appPackage: 'com.example.phone', more: 1 } };
  expect((await api.call('unreg', other)).retCode).toBe('C00005');
});

describe('a first request is not looked up, a failed one is', () => {
  let broken: TestApi | undefined;
  afterEach(() => broken?.close());

  test('by the append, which knows the earlier one', async () => {
    let lookUps = 0;
    broken = await openTestApi(({ log }) => ({
      log: {
        ...log,
        findRequest: (key) => {
          lookUps += 1;
          return log.findRequest(key);
        },
      },
    }));
    await broken.register('c');
    const options = { clientId: 'c', body: { appPackage: 'com.example.phone' }, headers: { sequenceId: 's' } };
    expect((await broken.call('unreg', options)).retCode).toBe('00000');
    expect(lookUps).toBe(0);
  });

  test('a failure on the way gives the earlier answer where there is one', async () => {
    let away = false;
    broken = await openTestApi(({ log }) => ({
      log: {
        ...log,
        readNewest: (...which) => (away ? Promise.reject(new StoreUnavailable('away')) : log.readNewest(...which)),
      },
    }));
    await broken.register('c');
    const options = { clientId: 'c', body: { appPackage: 'com.example.phone' }, headers: { sequenceId: 's' } };
    expect((await broken.call('unreg', options)).retCode).toBe('00000');
    away = true;
    expect((await broken.call('unreg', options)).retCode).toBe('00000');
    const fresh = { ...options, headers: { sequenceId: 'other' } };
    expect((await broken.call('unreg', fresh)).retCode).toBe('A00001');
  });
});

test('the earlier answer is known after a restart', async () => {
  const restarted = await openTestApi();
  const options = { clientId: 'c', user: 'u', body: { dst: { type: 0, Id: ['c'] } }, headers: { sequenceId: 's' } };
  await restarted.register('c');
  const first = await restarted.call('msgPush', options);
  await restarted.app.close();
  const { log, documents } = await restarted.backend.reopen();
  const app = buildApi({ ...restarted.deps, log, documents });
  const again = await restarted.callOn(app, 'msgPush', options);
  expect(again.text).toBe(first.text);
  expect(await log.readStream(messageStream(first.data.msgId))).toHaveLength(1);
  await app.close();
  await restarted.close();
});
