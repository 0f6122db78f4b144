/** A host name with two addresses: every setting of the server holds at both. */
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { listenOn } from '../../../src/api/http/listen.ts';
import { openTestApi, type TestApi } from '../../support/api.ts';
import { rawAnswer } from '../../support/raw-http.ts';

vi.mock('node:dns/promises', { spy: true });

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const addresses = ['127.0.0.1', hasIpv6 ? '::1' : '127.0.0.2'];

let api: TestApi;
let port: number;
beforeAll(async () => {
  vi.mocked(lookup).mockImplementation((async () =>
    [...addresses, addresses[0]].map((address) => ({ address, family: address?.includes(':') ? 6 : 4 }))) as never);
  api = await openTestApi();
  const bound = await listenOn(api.app, { host: 'localhost', port: 0 });
  expect(bound.map(({ address }) => address)).toEqual(addresses);
  port = (bound[0] as { port: number }).port;
  expect(new Set(bound.map((one) => one.port)).size).toBe(1);
});
afterAll(() => api.close());

async function ask(address: string, text: string) {
  const socket = connect(port, address);
  const answer = await rawAnswer(socket, () => socket.write(text)).finally(() => socket.destroy());
  const { retCode } = JSON.parse(answer.body) as { retCode: string };
  return [answer.status, retCode];
}

describe.each(addresses)('%s', (address) => {
  test.concurrent.each([
    ['an endpoint', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n', 401, 'C00001'],
    ['no HTTP', 'hello\r\n\r\n', 400, 'B00004'],
    ['no Host', 'POST /ums/v2/devlist HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 400, 'B00004'],
    ['CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 405, 'B00004'],
    [
      'an expectation',
      'POST /ums/v2/devlist HTTP/1.1\r\nHost: a\r\nExpect: x\r\nContent-Length: 0\r\n\r\n',
      417,
      'B00004',
    ],
    ['large headers', `POST /ums/v2/devlist HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'B00006'],
    ['half a head', 'POST /ums/v2/devlist HTTP/1.1\r\nHost: a\r\n', 408, 'A00003'],
  ])('%s', async (_, text, status, retCode) => {
    expect(await ask(address, text)).toEqual([status, retCode]);
  });
});

test('while it closes, requests at both are answered, and then both are closed', async () => {
  const closing = await openTestApi();
  const bound = await listenOn(closing.app, { host: 'localhost', port: 0 });
  const request = 'POST /ums/v2/devlist HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
  const sockets = bound.map(({ port: at, address }) => connect(at, address));
  for (const socket of sockets) expect((await rawAnswer(socket, () => socket.write(request))).status).toBe(401);
  const closed = closing.close();
  for (const socket of sockets) expect((await rawAnswer(socket, () => socket.write(request))).status).toBe(503);
  await closed;
  for (const { port: at, address } of bound) {
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => connect(at, address).once('error', resolve));
    expect(error.code).toBe('ECONNREFUSED');
  }
});

test('an address that is taken is an error that has its code', async () => {
  const other = await openTestApi();
  await expect(listenOn(other.app, { host: 'localhost', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await other.close();
});
