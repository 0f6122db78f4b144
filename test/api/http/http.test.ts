/** Over a real socket: the answers that Node's HTTP server and the framework give carry the envelope too. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openTestApi, signedHeaders, type TestApi } from '../../support/api.ts';
import { type RawAnswer, rawAnswer, rawRequest } from '../../support/raw-http.ts';

let api: TestApi;
let port: number;
beforeAll(async () => {
  api = await openTestApi();
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  port = (api.app.server.address() as AddressInfo).port;
});
beforeEach(() => {
  api.lines.length = 0;
});
afterAll(() => api.close());

const PATH = '/ums/v2/register';
const request = (line: string, headers: string[] = [], body = ''): string =>
  [line, 'Host: a', ...headers, '', body].join('\r\n');
const post = (headers: string[], body = '', path = PATH): string => request(`POST ${path} HTTP/1.1`, headers, body);

function refusal({ status, body, headers }: RawAnswer): unknown[] {
  const envelope = JSON.parse(body) as { retCode: string; data: unknown };
  expect(Object.keys(envelope)).toEqual(['retCode', 'retInfo', 'data']);
  expect(envelope.data).toBeNull();
  expect(headers['content-type']).toBe('application/json; charset=utf-8');
  return [status, envelope.retCode];
}

test.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'B00004'],
  ['an unknown method', 'FOO / HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'B00004'],
  ['an unknown version', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 400, 'B00004'],
  ['a version that the parser knows', request('POST / HTTP/2.0', ['Content-Length: 0']), 400, 'B00004'],
  ['a version before headers', request('POST / HTTP/0.9', ['Content-Length: 0']), 400, 'B00004'],
  ['no version', 'GET /\r\n\r\n', 400, 'B00004'],
  ['two Hosts', post(['hOST: b', 'Content-Length: 0']), 400, 'B00004'],
  ['the same Host twice, on a path that there is none of', post(['Host: a'], '', '/'), 400, 'B00004'],
  ['HTTP/1.0 with two Hosts', request(`POST ${PATH} HTTP/1.0`, ['Host: a', 'Content-Length: 0']), 400, 'B00004'],
  ['CONNECT with two Hosts', request('CONNECT a:80 HTTP/1.1', ['Host: b']), 400, 'B00004'],
  ['an expectation beside two Hosts', post(['Host: b', 'Expect: x', 'Content-Length: 0']), 400, 'B00004'],
  ['no Host', `POST ${PATH} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`, 400, 'B00004'],
  ['a length that is no number', post(['Content-Length: abc']), 400, 'B00004'],
  ['two lengths', post(['Content-Length: 2', 'Content-Length: 3'], '{}'), 400, 'B00004'],
  ['a length beside chunks', post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 400, 'B00004'],
  ['a broken chunk', post(['Transfer-Encoding: chunked'], 'ZZ\r\nabc\r\n'), 400, 'B00004'],
  ['a bad escape in the path', post(['Content-Length: 0'], '', '/%zz'), 400, 'B00004'],
  ['half a character in the path', post(['Content-Length: 0'], '', '/ums/v2/%E0%A4'), 400, 'B00004'],
  ['headers that are too large', post([`X: ${'x'.repeat(20_000)}`, 'Content-Length: 0']), 431, 'B00006'],
  ['a target that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'B00006'],
  ['an expectation', post(['Expect: 200-maybe', 'Content-Length: 0']), 417, 'B00004'],
  ['an expectation of nothing', post(['Expect:', 'Content-Length: 0']), 417, 'B00004'],
  ['an unknown path', post(['Content-Length: 2'], '{}', '/'), 404, 'B00004'],
  ['a path with a slash too many', post(['Content-Length: 2'], '{}', `${PATH}/`), 404, 'B00004'],
  ['the asterisk', request('OPTIONS * HTTP/1.1'), 404, 'B00004'],
  ['GET', request(`GET ${PATH}?a=b HTTP/1.1`), 405, 'B00004'],
  ['GET of an escaped path', request('GET /ums/v2/%64evlist HTTP/1.1'), 405, 'B00004'],
  ['GET of an escaped path with a query', request('GET /%75ms/v2/register?a=%zz#b HTTP/1.1'), 405, 'B00004'],
  ['GET of an absolute target', request(`GET http://b${PATH}?x HTTP/1.1`), 405, 'B00004'],
  ['GET of an escaped absolute target', request('GET http://b/ums/v2/%72egister HTTP/1.1'), 405, 'B00004'],
  ['GET of an escaped slash', request('GET /ums/v2%2Fregister HTTP/1.1'), 404, 'B00004'],
  ['POST of an escaped slash', post(['Content-Length: 0'], '', '/ums/v2%2Fregister'), 404, 'B00004'],
  ['GET of a path in other letters', request('GET /ums/v2/Register HTTP/1.1'), 404, 'B00004'],
  ['GET of a bad escape', request('GET /%zz HTTP/1.1'), 400, 'B00004'],
  ['a rare method', request(`PROPFIND ${PATH} HTTP/1.1`), 405, 'B00004'],
  ['PUT with a broken body', request(`PUT ${PATH} HTTP/1.1`, ['Content-Length: 3'], '{x}'), 405, 'B00004'],
  ['an upgrade', request(`GET ${PATH} HTTP/1.1`, ['Connection: Upgrade', 'Upgrade: websocket']), 405, 'B00004'],
  ['CONNECT', request('CONNECT a:80 HTTP/1.1'), 405, 'B00004'],
  ['POST of an escaped path', post(['Content-Length: 0'], '', '/ums/v2/%64evlist'), 401, 'C00001'],
  ['the absolute form', post(['Content-Length: 0'], '', `http://a${PATH}?x`), 401, 'C00001'],
  ['HTTP/1.0 without Host', `POST ${PATH} HTTP/1.0\r\nContent-Length: 0\r\n\r\n`, 401, 'C00001'],
  ['an expectation that is met', post(['Expect: 100-continue', 'Content-Length: 0']), 401, 'C00001'],
  ['a malformed content type', post(['Content-Type: ///;', 'Content-Length: 2'], '{}'), 415, 'B00004'],
  ['a body of a declared length over the limit', post(['Content-Length: 99999999'], 'x'), 413, 'B00006'],
])('%s', async (_, text, status, retCode) => {
  const answer = await rawRequest(port, text);
  expect(refusal(answer)).toEqual([status, retCode]);
  expect(answer.headers.allow).toBe(status === 405 ? 'POST' : undefined);
  expect(api.lines.map((line) => [line.status, line.retCode])).toEqual([[status, retCode]]);
});

test('a body over the limit is heard of also by a client that sends on', async () => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const answer = await rawRequest(port, `${post(['Transfer-Encoding: chunked'])}${chunk.repeat(12)}0\r\n\r\n`);
  expect(refusal(answer)).toEqual([413, 'B00006']);
  const endless = await rawRequest(port, `${post(['Transfer-Encoding: chunked'])}${chunk.repeat(200)}`);
  expect(refusal(endless)).toEqual([413, 'B00006']);
});

test('HEAD gets no body', async () => {
  const answer = await rawRequest(port, request(`HEAD ${PATH} HTTP/1.1`, ['Connection: close']));
  expect([answer.status, answer.body, answer.headers.allow]).toEqual([405, '', 'POST']);
});

test('a connection goes on after a refusal whose request body was not read', async () => {
  const socket = connect(port, '127.0.0.1');
  const first = await rawAnswer(socket, () => socket.write(post(['Content-Length: 2'], '{}', '/nowhere')));
  const second = await rawAnswer(socket, () => socket.write(post(['Content-Length: 0'])));
  expect([refusal(first), refusal(second)]).toEqual([
    [404, 'B00004'],
    [401, 'C00001'],
  ]);
  socket.destroy();
});

test.each([
  ['its headers', `POST ${PATH} HTTP/1.1\r\nHost: a\r\n`],
  ['its body', post(['Content-Length: 10'], '{')],
])('a request that ends in the middle of %s is malformed', async (_, half) => {
  const socket = connect(port, '127.0.0.1');
  const answer = await rawAnswer(socket, () => socket.end(half));
  expect(refusal(answer)).toEqual([400, 'B00004']);
  expect(api.lines.map(({ status }) => status)).toEqual([400]);
});

test('a client that goes away in the middle of its body leaves nothing behind', async () => {
  const socket = connect(port, '127.0.0.1');
  const arrived = once(api.app.server, 'request');
  socket.write(post(['Content-Length: 10'], '{'));
  await arrived;
  socket.destroy();
  const next = await rawRequest(port, post(['Content-Length: 0']));
  expect(refusal(next)).toEqual([401, 'C00001']);
});

describe('a request that is not complete after 10 s gets 408', () => {
  test.concurrent.each([
    ['half a request line', 'POST /ums'],
    ['half the headers', `POST ${PATH} HTTP/1.1\r\nHost: a\r\n`],
    ['half a body', post(['Content-Length: 10'], '{')],
    ['half the chunks', post(['Transfer-Encoding: chunked'], '1\r\n{\r\n')],
  ])('%s', async (_, text) => {
    const startedAt = performance.now();
    const answer = await rawRequest(port, text);
    expect(refusal(answer)).toEqual([408, 'A00003']);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(seconds).toBeGreaterThan(9.5);
    expect(seconds).toBeLessThan(13);
  });
});

/** A signed request as text. */
function signed(name: string, body: object): string {
  const path = `/ums/v2/${name}`;
  const payload = JSON.stringify(body);
  const headers = { ...signedHeaders(path, payload), 'content-length': String(payload.length) };
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${payload}`;
}

test('a clientId beyond ASCII is sent as UTF-8 bytes and is that of the body', async () => {
  const clientId = '冰箱-1';
  const body = { clientId, pushId: 'p', deviceType: '04', collab3th: 0, appPackage: 'com.example.fridge' };
  const payload = JSON.stringify(body);
  const headers = { ...signedHeaders(PATH, payload), clientId, 'content-length': String(Buffer.byteLength(payload)) };
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
  const answer = await rawRequest(port, `POST ${PATH} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${payload}`);
  expect(JSON.parse(answer.body)).toMatchObject({ retCode: '00000', data: { clientId } });
  expect(api.lines).toMatchObject([{ clientId, retCode: '00000' }]);
});

/** An API whose store waits until it is released; `unreg` reads there. */
async function heldApi(maxAtWork: number) {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const held = await openTestApi(({ log }) => ({
    limits: { maxAtWork },
    log: {
      ...log,
      async readNewest(...read) {
        enter();
        await released;
        return log.readNewest(...read);
      },
    },
  }));
  await held.app.listen({ port: 0, host: '127.0.0.1' });
  return { held, port: (held.app.server.address() as AddressInfo).port, entered, release };
}

const unreg = () => signed('unreg', { appPackage: 'com.example.phone' });

test('more in flight than allowed is shed with A00001 and Retry-After', async () => {
  const { held, port: heldPort, entered, release } = await heldApi(1);
  const first = rawRequest(heldPort, unreg());
  await entered;
  const shed = await rawRequest(heldPort, unreg());
  expect(refusal(shed)).toEqual([503, 'A00001']);
  expect(shed.headers['retry-after']).toBe('1');
  release();
  expect(refusal(await first)).toEqual([200, 'H32006']);
  expect(refusal(await rawRequest(heldPort, unreg()))).toEqual([200, 'H32006']);
  await held.close();
});

test('while closing, running requests are finished and new ones are shed with A00001', async () => {
  const { held, port: heldPort, entered, release } = await heldApi(10);
  const socket = connect(heldPort, '127.0.0.1');
  const other = connect(heldPort, '127.0.0.1');
  const late = unreg();
  const arrived = once(held.app.server, 'request');
  other.write(late.slice(0, -1));
  await arrived;
  const first = rawAnswer(socket, () => socket.write(unreg()));
  await entered;
  const closing = held.app.close();
  const shed = await rawAnswer(other, () => other.write(late.slice(-1)));
  expect(refusal(shed)).toEqual([503, 'A00001']);
  expect([shed.headers['retry-after'], shed.headers.connection]).toEqual(['1', 'close']);
  release();
  const finished = await first;
  expect(refusal(finished)).toEqual([200, 'H32006']);
  expect(finished.headers.connection).toBe('close');
  await closing;
  await held.close();
});

test('while closing, a request on an open or a new connection is answered before the connection is closed', async () => {
  const closing = await openTestApi();
  await closing.app.listen({ port: 0, host: '127.0.0.1' });
  const { port: closingPort } = closing.app.server.address() as AddressInfo;
  const kept = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const socket = connect(closingPort, '127.0.0.1');
      await rawAnswer(socket, () => socket.write(unreg()));
      return socket;
    }),
  );
  const closed = closing.close();
  const fresh = Array.from({ length: 50 }, () => connect(closingPort, '127.0.0.1'));
  for (const answer of await Promise.all(
    [...kept, ...fresh].map((socket) => rawAnswer(socket, () => socket.write(unreg()))),
  )) {
    expect(refusal(answer)).toEqual([503, 'A00001']);
    expect([answer.headers['retry-after'], answer.headers.connection]).toEqual(['1', 'close']);
  }
  await closed;
  for (const socket of [...kept, ...fresh]) socket.destroy();
});

test('half a request does not hold up a server that closes', async () => {
  const closing = await openTestApi();
  await closing.app.listen({ port: 0, host: '127.0.0.1' });
  const socket = connect((closing.app.server.address() as AddressInfo).port, '127.0.0.1');
  const arrived = once(closing.app.server, 'request');
  socket.write(post(['Content-Length: 10'], '{'));
  await arrived;
  const ended = once(socket, 'close');
  const startedAt = performance.now();
  await closing.close();
  expect(performance.now() - startedAt).toBeLessThan(9000);
  await ended;
});
