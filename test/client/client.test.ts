/** The signing client, held to the contract's vector. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, jwtVerify } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callUms, mintToken, sign } from '../../src/client/client.ts';

const app = { appId: 'MB-DEMO-0000', appKey: '504f37c39bb062a789b28598fe94d9d8' };

describe('the signature', () => {
  const vector = '7e5ffbf921dabc9dc3db657c4d2fdb7c990444380d638973f26762722d7b09d2';

  it.each([
    ['/shadow/v1/info', '{"deviceId":"2C37C530B5F1"}'],
    ['/shadow/v1/info?x=1', '{"deviceId":"2C37C530B5F1"}'],
    ['/shadow/v1/info', '{ "deviceId" :\t"2C37 C530B5F1"\r\n}\v\f'],
  ])('of %s %j is that of docs/api.md §2', (path, body) => {
    expect(sign(path, body, app, '1614331048386')).toBe(vector);
  });

  it('keeps white space that is not ASCII', () => {
    const of = (body: string) => sign('/x', body, app, '1');
    expect(of('{"a":"\u00a0"}')).not.toBe(of('{"a":""}'));
  });
});

async function server(
  respond: (headers: Record<string, unknown>, body: string) => string | undefined,
): Promise<string> {
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const text = respond({ url: request.url, ...request.headers }, body);
    if (text !== undefined) response.writeHead(401).end(text);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    http.close();
    http.closeAllConnections();
    await once(http, 'close');
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

describe('a call', () => {
  it('carries all headers, and the body as it is', async () => {
    const seen: unknown[] = [];
    const url = await server((headers, body) => {
      seen.push(headers, body);
      return '{"retCode":"D00003"}';
    });
    const body = '{ "a": 1 }';
    const call = {
      url,
      app,
      path: '/ums/v2/report',
      body,
      clientId: 'c',
      token: 't',
      sequenceId: 's',
      timeoutMs: 1000,
    };
    expect(await callUms(call)).toEqual({ status: 401, text: '{"retCode":"D00003"}' });
    const [headers, sent] = seen as [Record<string, string>, string];
    expect(sent).toBe(body);
    expect(headers).toMatchObject({
      url: '/ums/v2/report',
      appid: app.appId,
      clientid: 'c',
      accesstoken: 't',
      sequenceid: 's',
      'content-type': 'application/json',
      sign: sign('/ums/v2/report', body, app, headers.timestamp ?? ''),
    });
    expect(Math.abs(Date.now() - Number(headers.timestamp))).toBeLessThan(60_000);
  });

  it('leaves out fields that are not given', async () => {
    let seen: Record<string, unknown> = {};
    const url = await server((headers) => {
      seen = headers;
      return '';
    });
    await callUms({ url, app, path: '/umse/v2/devlist', body: '{}', timeoutMs: 1000 });
    expect(Object.keys(seen)).not.toEqual(expect.arrayContaining(['clientid']));
    expect(seen).not.toHaveProperty('accesstoken');
    expect(seen).not.toHaveProperty('sequenceid');
  });

  it('ends at its timeout', async () => {
    const url = await server(() => undefined);
    await expect(callUms({ url, app, path: '/', body: '', timeoutMs: 50 })).rejects.toThrow(/timeout/);
  });
});

describe('a minted token', () => {
  const secret = 'a secret of at least 32 bytes, in UTF-8: é';

  it('names the user and is signed with the bytes of the secret', async () => {
    const token = await mintToken(secret, 'alice');
    const { payload } = await jwtVerify(token, Buffer.from(secret), { algorithms: ['HS256'] });
    expect(payload).toMatchObject({ sub: 'alice', exp: expect.any(Number) });
    expect(payload).not.toHaveProperty('client_id');
  });

  it('can be for one client only, and short-lived or expired', async () => {
    const claims = decodeJwt(await mintToken(secret, 'alice', { clientId: 'phone-1', expiresInSeconds: -5 }));
    expect(claims.client_id).toBe('phone-1');
    expect(claims.exp).toBeLessThan(Date.now() / 1000);
  });
});
