/** The edge of HTTP, byte by byte against the real service: every answer has the envelope (`docs/api.md §2 Answers`). */
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';
import type { Call } from '../support/http.ts';
import { type RawAnswer, rawAnswer, rawRequest } from '../support/raw-http.ts';

const pack = jpushPackage('com.flow.edge');
const app = terminalApp('MB-FLOW-EDGE', pack);
const devlist = { app, endpoint: 'devlist', clientId: 'somebody', user: 'somebody' } satisfies Call;

describe.concurrent('the edge of HTTP', () => {
  const flow = useFlow({ apps: [app] });

  const ask = (text: string | Buffer): Promise<RawAnswer> => rawRequest(flow.service.port, text);

  /** The text of a signed request. @param change headers to put in, or with `undefined` to leave out */
  async function requestText(call: Call, change: Record<string, string | undefined> = {}): Promise<[string, string]> {
    const { path, headers, body } = await flow.service.client.signed(call);
    const all = { host: 'ums', ...headers, 'content-length': String(Buffer.byteLength(body)), ...change };
    const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${value}\r\n`));
    return [`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, body];
  }

  function expectEnvelope({ status, headers, body }: RawAnswer, expected: number, retCode: string): void {
    expect([status, JSON.parse(body)]).toEqual([
      expected,
      { retCode, retInfo: expect.stringMatching(/.+/), data: retCode === '00000' ? expect.anything() : null },
    ]);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(body));
  }

  test.each([
    ['no HTTP at all', 'what is this?\r\n\r\n'],
    ['a version that is none', 'POST /ums/v2/devlist HTTP/9.9\r\nHost: ums\r\n\r\n'],
    ['a version of other ways', 'POST /ums/v2/devlist HTTP/2.0\r\nHost: ums\r\nContent-Length: 0\r\n\r\n'],
    ['two hosts', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nhost: ums\r\nContent-Length: 0\r\n\r\n'],
    ['a header with no name', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\n: x\r\n\r\n'],
    ['two lengths', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
    ['a length and chunks', 'POST / HTTP/1.1\r\nHost: ums\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['chunks that are none', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['no host', 'POST /ums/v2/devlist HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ])('malformed HTTP is 400 B00004: %s', async (_name, text) => {
    expectEnvelope(await ask(text), 400, 'B00004');
  });

  test('headers beyond all measure are 431 B00006', async () => {
    expectEnvelope(
      await ask(`POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`),
      431,
      'B00006',
    );
  });

  test('a path that there is none of is 404, another method 405 with Allow', async () => {
    expectEnvelope(await ask('POST /nowhere HTTP/1.1\r\nHost: ums\r\nContent-Length: 0\r\n\r\n'), 404, 'B00004');
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await ask(`${method} /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\n\r\n`);
      expectEnvelope(answer, 405, 'B00004');
      expect(answer.headers.allow).toBe('POST');
    }
    const escaped = await ask('GET /ums/v2/%64evlist HTTP/1.1\r\nHost: ums\r\n\r\n');
    expectEnvelope(escaped, 405, 'B00004');
    expect(escaped.headers.allow).toBe('POST');
    const { status } = await ask('CONNECT ums:80 HTTP/1.1\r\nHost: ums\r\n\r\n');
    expect(status).toBeGreaterThanOrEqual(400);
  });

  test('Expect: 100-continue goes on, anything else is 417 B00004', async () => {
    const [head, body] = await requestText(devlist, { expect: '100-continue' });
    expectEnvelope(await ask(head + body), 200, '00000');
    for (const expect of ['a-miracle', '']) {
      const [strange, more] = await requestText(devlist, { expect });
      expectEnvelope(await ask(strange + more), 417, 'B00004');
    }
  });

  test('another content type is 415 B00004, also where one is missing that is needed', async () => {
    const push = { ...devlist, endpoint: 'msgPush', body: { dst: { type: 0, Id: ['x'] } } };
    for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', undefined]) {
      const [head, body] = await requestText(push, { 'content-type': type });
      expectEnvelope(await ask(head + body), 415, 'B00004');
    }
    const [head, body] = await requestText(push, { 'content-type': 'Application/JSON; charset=utf-8' });
    expectEnvelope(await ask(head + body), 200, 'H32006');
  });

  test('a body over the limit is 413 B00006, announced or not', async () => {
    const [head, body] = await requestText({ ...devlist, body: `{"x":"${'x'.repeat(140_000)}"}` });
    expectEnvelope(await ask(head + body), 413, 'B00006');
    const [chunkedHead] = await requestText(devlist, { 'content-length': undefined, 'transfer-encoding': 'chunked' });
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    expectEnvelope(await ask(`${chunkedHead}${chunk.repeat(3)}0\r\n\r\n`), 413, 'B00006');
  });

  test('a chunked body is as good as any', async () => {
    const [head] = await requestText(
      { ...devlist, body: '{"a":"é"}' },
      { 'content-length': undefined, 'transfer-encoding': 'chunked' },
    );
    const bytes = Buffer.from('{"a":"é"}');
    // Cut through the middle of a character.
    const chunks = [bytes.subarray(0, 7), bytes.subarray(7)];
    const text = chunks.map((chunk) => Buffer.concat([Buffer.from(`${chunk.length}\r\n`), chunk, Buffer.from('\r\n')]));
    expectEnvelope(await ask(Buffer.concat([Buffer.from(head), ...text, Buffer.from('0\r\n\r\n')])), 200, '00000');
  });

  test('pipelined requests are answered each, in their order', async () => {
    const [devices, none] = await requestText(devlist);
    const [unknown, message] = await requestText(
      { ...devlist, endpoint: 'getmsgstat', body: { msgId: 'x' } },
      { connection: 'close' },
    );
    const answers = await allOf(`${devices}${none}${devices}${none}${unknown}${message}`);
    const codes = [...answers.matchAll(/"retCode":"([^"]+)"/g)].map(([, code]) => code);
    expect(codes).toEqual(['00000', '00000', 'H32007']);
    expect([...answers.matchAll(/HTTP\/1\.1 200 OK\r\n/g)]).toHaveLength(3);
  });

  test('a body that comes slowly, but in time, is taken', async () => {
    const [head, body] = await requestText({ ...devlist, body: '{"some":"thing"}' });
    const socket = open();
    const answer = rawAnswer(socket, () => socket.write(head));
    for (const char of body) {
      socket.write(char);
      await pause(20);
    }
    expectEnvelope(await answer, 200, '00000');
    socket.destroy();
  });

  test.each([
    ['half a head', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\n'],
    ['a body that never ends', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nContent-Length: 10\r\n\r\n{'],
  ])(
    '%s is 408 A00003 after 10 s',
    async (_name, text) => {
      const startedAt = performance.now();
      expectEnvelope(await ask(text), 408, 'A00003');
      expect(performance.now() - startedAt).toBeGreaterThan(9_000);
    },
    30_000,
  );

  test('a drip of bytes does not stretch the 10 s', async () => {
    const socket = open();
    const startedAt = performance.now();
    const answer = rawAnswer(socket, () =>
      socket.write('POST /ums/v2/devlist HTTP/1.1\r\nHost: ums\r\nContent-Length: 1000\r\n\r\n'),
    );
    const drip = setInterval(() => socket.writable && socket.write(' '), 100);
    expectEnvelope(await answer, 408, 'A00003');
    clearInterval(drip);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    socket.destroy();
  }, 30_000);

  function open(): Socket {
    const socket = connect(flow.service.port, '127.0.0.1');
    socket.on('error', () => undefined);
    return socket;
  }

  /** All that comes until the server closes. */
  async function allOf(text: string): Promise<string> {
    const socket = open();
    socket.write(text);
    let all = '';
    for await (const chunk of socket.setEncoding('utf8')) all += chunk;
    return all;
  }
});
