/** One line a request, with its ids; never content, tokens or keys, also not in an error's text. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DeadlineExceeded, StoreUnavailable } from '../../../src/ports/errors.ts';
import { openTestApi, phoneApp, type TestApi } from '../../support/api.ts';

let failure: Error | undefined;
let api: TestApi;
beforeAll(async () => {
  api = await openTestApi(({ log }) => ({
    log: {
      ...log,
      append: async (...args) => {
        if (failure !== undefined) throw failure;
        return log.append(...args);
      },
    },
  }));
});
beforeEach(() => {
  api.lines.length = 0;
  failure = undefined;
});
afterAll(() => api.close());

const secrets = ['SECRET-CONTENT', 'user:ada', phoneApp.appKey];
const register = (headers = {}) => api.register('c', { userId: 'ada', deviceName: 'SECRET-CONTENT', ...headers });

test('a push with all of its ids', async () => {
  await register();
  api.lines.length = 0;
  const { data } = await api.call('msgPush', {
    clientId: 'c',
    user: 'ada',
    body: { dst: { type: 0, Id: ['c'] }, message: { a: 'SECRET-CONTENT' } },
    query: '?secret=SECRET-CONTENT',
    headers: { sequenceId: 's1' },
  });
  expect(api.lines).toEqual([
    {
      level: 30,
      time: expect.any(Number),
      msg: 'request',
      method: 'POST',
      path: '/ums/v2/msgPush',
      status: 200,
      retCode: '00000',
      ms: expect.any(Number),
      appId: phoneApp.appId,
      clientId: 'c',
      userId: 'ada',
      sequenceId: 's1',
      msgId: data.msgId,
    },
  ]);
});

test('exactly one line for a refusal, and for an answer that no endpoint gave', async () => {
  await api.call('msgPush', { body: '{' });
  await api.call('msgPush', { headers: { sign: 'x' } });
  await api.call('msgPush', { user: 'u', body: {} });
  await api.call('/nowhere', {});
  await api.app.inject({ method: 'GET', url: '/ums/v2/msgPush' });
  expect(api.lines.map(({ status, retCode, path }) => [status, retCode, path])).toEqual([
    [400, 'B00004', '/ums/v2/msgPush'],
    [401, 'D00001', '/ums/v2/msgPush'],
    [200, 'B00001', '/ums/v2/msgPush'],
    [404, 'B00004', '/nowhere'],
    [405, 'B00004', '/ums/v2/msgPush'],
  ]);
  expect(api.lines.map(({ clientId }) => clientId)).toEqual(['client-1', 'client-1', 'client-1', undefined, undefined]);
});

describe('an unforeseen error', () => {
  test('A00004 without internals in the answer, with all of them in the log', async () => {
    failure = new TypeError('internal detail');
    const answer = await register();
    expect(answer).toMatchObject({ status: 500, retCode: 'A00004', retInfo: '系统内部错误', data: null });
    expect(answer.text).not.toContain('internal detail');
    expect(api.lines).toMatchObject([
      { level: 50, error: { type: 'TypeError', message: 'internal detail', stack: expect.stringContaining(' at ') } },
      { level: 30, status: 500, retCode: 'A00004', clientId: 'c', userId: 'ada' },
    ]);
  });

  test.each([
    ['A00001', new StoreUnavailable('the store is away')],
    ['A00003', new DeadlineExceeded('too slow')],
  ])('%s with 503 and Retry-After for %s', async (retCode, error) => {
    failure = error;
    const answer = await register();
    expect(answer).toMatchObject({ status: 503, retCode, data: null });
    expect(answer.headers['retry-after']).toBe('1');
    expect(api.lines.map(({ level }) => level)).toEqual([40, 30]);
  });

  test('an error that is no Error', async () => {
    failure = 'SECRET-CONTENT' as never;
    expect((await register()).retCode).toBe('A00004');
    expect(JSON.stringify(api.lines)).not.toContain('SECRET-CONTENT');
  });
});

test('no content, token or key in any line', async () => {
  await register();
  await api.call('msgPush', {
    clientId: 'c',
    user: 'ada',
    body: '{"message":"SECRET-CONTENT","dst":"SECRET-CONTENT"}',
  });
  await api.call('msgPush', { clientId: 'c', user: 'ada', body: '{"message":SECRET-CONTENT}' });
  await api.call('register', {
    clientId: 'c',
    user: 'ada',
    body: { clientId: 'SECRET-CONTENT', deviceType: 'SECRET-CONTENT' },
  });
  failure = new StoreUnavailable('away');
  await register();
  const text = JSON.stringify(api.lines);
  expect(api.lines.length).toBeGreaterThanOrEqual(5);
  for (const secret of secrets) expect(text).not.toContain(secret);
});
