/** Rules that hold for every endpoint (`docs/api.md §2`). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signatureOf, withoutSpace } from '../../../src/api/http/signature.ts';
import { type CallOptions, cloudApp, openTestApi, phoneApp, type TestApi } from '../../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
});
afterAll(() => api.close());

const endpoints = ['register', 'unreg', 'devlist', 'msgPush', 'msgPushtry', 'getmsgstat', 'report'];
const needToken = ['devlist', 'msgPush', 'msgPushtry', 'getmsgstat'];
const haveB00006 = ['msgPush', 'msgPushtry'];

const path = (name: string) => `/ums/v2/${name}`;

describe.each(endpoints)('%s', (name) => {
  const call = (options: CallOptions) => api.call(name, { user: 'u1', ...options });

  test('413 B00006 a body over the limit, before its content type is looked at', async () => {
    const body = JSON.stringify({ a: 'x'.repeat(131_072) });
    const answer = await call({ body, headers: { 'content-type': 'text/plain', appId: undefined } });
    expect(answer).toMatchObject({ status: 413, retCode: 'B00006', data: null });
    expect(answer.headers.connection).toBe('close');
  });

  test.each([
    'text/plain',
    'application/jsonp',
    'multipart/form-data; boundary=x',
    ';;;',
    'application/json-patch+json',
  ])('415 B00004 the content type %s, before the JSON is looked at', async (type) => {
    const answer = await call({ body: '{', headers: { 'content-type': type, appId: undefined } });
    expect(answer).toMatchObject({ status: 415, retCode: 'B00004' });
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="utf-8"',
    'application/json ;x',
  ])('the content type %s is fine', async (type) => {
    expect((await call({ body: '{}', headers: { 'content-type': type, appId: undefined } })).retCode).toBe('C00001');
  });

  test('a body without a content type is 415, save where there is no input', async () => {
    const answer = await call({ body: '{}', headers: { 'content-type': undefined } });
    expect(answer.status).toBe(name === 'devlist' ? 200 : 415);
  });

  test.each(['', ' ', '\r\n\t\v\f '])('a blank body %j counts as {} with any content type', async (body) => {
    for (const type of [undefined, 'text/plain', ';;;', 'application/json']) {
      const answer = await call({ body, headers: { 'content-type': type } });
      expect([answer.status, answer.retCode]).toEqual([200, name === 'devlist' ? '00000' : 'B00001']);
    }
  });

  test.each([
    ['text', '"text"'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['half an object', '{"a":'],
    ['two values', '{}{}'],
    ['a BOM', '\ufeff{}'],
    ['a single quote', "{'a':1}"],
    ['white space that JSON does not know', '{\v}'],
    ['a raw control character', '{"a":"\u0001"}'],
  ])('400 B00004 %s, before the app is looked at', async (_, body) => {
    expect(await call({ body, headers: { appId: undefined } })).toMatchObject({ status: 400, retCode: 'B00004' });
  });

  test('400 B00004 invalid UTF-8', async () => {
    const payload = Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]);
    const answer = await api.app.inject({
      method: 'POST',
      url: path(name),
      headers: { 'content-type': 'application/json' },
      payload,
    });
    expect([answer.statusCode, answer.json().retCode]).toEqual([400, 'B00004']);
  });

  test('401 C00001 without an app or with an unknown one, before the signature', async () => {
    for (const appId of [undefined, '', 'MB-OTHER', 'x'.repeat(99)]) {
      const answer = await call({ headers: { appId, sign: 'wrong', timestamp: undefined } });
      expect(answer).toMatchObject({ status: 401, retCode: 'C00001', data: null });
    }
  });

  test('401 D00001 for a wrong signature or timestamp, before the permission', async () => {
    const stale = String(Date.now() - 601_000);
    const early = String(Date.now() + 601_000);
    for (const headers of [{ sign: undefined }, { sign: 'ab' }, { timestamp: stale }, { timestamp: early }])
      expect(await call({ app: cloudApp, headers })).toMatchObject({ status: 401, retCode: 'D00001' });
    for (const timestamp of ['', 'soon', '12a', '-1', '1.5', '0x10'])
      expect(await call({ headers: { timestamp } })).toMatchObject({ status: 401, retCode: 'D00001' });
  });

  test('403 C00003 for an app of the other kind, before the headers', async () => {
    const answer = await call({ app: cloudApp, headers: { clientId: undefined } });
    expect(answer).toMatchObject({ status: 403, retCode: 'C00003' });
  });

  test('B00001 without a clientId, before the token', async () => {
    for (const clientId of [undefined, ''])
      expect(await call({ headers: { clientId, accessToken: 'garbage' } })).toMatchObject({
        status: 200,
        retCode: 'B00001',
        retInfo: '缺少必填参数: clientId',
      });
  });

  test.each(['appVersion', 'clientId', 'sequenceId'])(
    'B00006 or its stand-in for a %s that is too long',
    async (header) => {
      const answer = await call({ headers: { [header]: 'x'.repeat(65), accessToken: 'garbage' } });
      expect(answer).toMatchObject({ status: 200, retCode: haveB00006.includes(name) ? 'B00006' : 'B00004' });
      expect(answer.retInfo).toMatch(new RegExp(`: ${header}$`));
    },
  );

  test.each([
    ['D00003', 401, 'garbage'],
    ['D00004', 401, 'expired'],
    ['D00008', 200, 'user:u1@other-client'],
    ['A00003', 503, 'away'],
  ])(
    '%s (%i) for the token %s, also where none is needed, before the parameters',
    async (retCode, status, accessToken) => {
      const answer = await call({ body: { dst: 1, collab3th: 'x' }, headers: { accessToken } });
      expect(answer).toMatchObject({ status, retCode, data: null });
      expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
    },
  );

  if (needToken.includes(name))
    test('D00003 without a token, before the parameters', async () => {
      for (const accessToken of [undefined, ''])
        expect(await call({ body: { dst: 1 }, headers: { accessToken } })).toMatchObject({
          status: 401,
          retCode: 'D00003',
        });
    });

  test('the query string is not signed; a token of this very client is fine', async () => {
    const answer = await call({ query: '?a=b', headers: { accessToken: 'user:u1@client-1' } });
    expect(answer.retCode).toBe(name === 'devlist' ? '00000' : 'B00001');
  });

  test('404 and 405 carry the envelope', async () => {
    const unknown = await api.call(`/ums/v2/${name}/`, {});
    expect(unknown).toMatchObject({ status: 404, retCode: 'B00004', data: null });
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      const answer = await api.app.inject({ method, url: `${path(name)}?a=b`, headers: { host: 'a' } });
      expect([answer.statusCode, answer.json().retCode, answer.headers.allow]).toEqual([405, 'B00004', 'POST']);
    }
  });
});

test('the clock may be off by just the limit', async () => {
  const now = Date.now();
  const fixed = await openTestApi(() => ({ clock: { now: () => now } }));
  const at = (timestamp: number) => fixed.call('devlist', { user: 'u1', headers: { timestamp: String(timestamp) } });
  expect((await at(now - 600_000)).retCode).toBe('00000');
  expect((await at(now + 600_000)).retCode).toBe('00000');
  expect((await at(now - 600_001)).retCode).toBe('D00001');
  await fixed.close();
});

test('white space is signed away from the raw text, also inside of string values', async () => {
  const body = '{ "userName" :\t"a b\u00a0c",\r\n"clientId":"c 1"}';
  const timestamp = String(Date.now());
  const { appId, appKey } = phoneApp;
  const signed = '{"userName":"ab\u00a0c","clientId":"c1"}';
  expect(withoutSpace(body)).toBe(signed);
  const sign = signatureOf({ path: path('register'), body: signed, appId, appKey, timestamp });
  expect((await api.call('register', { body, headers: { timestamp, sign } })).retCode).toBe('B00004');
});

test('header names are compared without case, and UTF-8 in a header is understood', async () => {
  const clientId = '冰箱';
  const body = { clientId, pushId: 'p', deviceType: '04', collab3th: 0, appPackage: 'com.example.phone' };
  const headers = { clientId: undefined, CLIENTID: Buffer.from(clientId).toString('latin1') };
  expect(await api.call('register', { body, headers })).toMatchObject({ retCode: '00000', data: { clientId } });
});
