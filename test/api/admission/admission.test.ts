/** Over real sockets: which requests are let in, which are refused, and how (`docs/decisions/0034`). */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { ApiLimits } from '../../../src/api/http/deps.ts';
import { openTestApi, signedHeaders, type TestApi } from '../../support/api.ts';
import { type RawAnswer, rawAnswer, rawRequest } from '../../support/raw-http.ts';
import { until } from '../../support/until.ts';

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Stage {
  readonly api: TestApi;
  readonly port: number;
  /** Requests that reached the server. */
  readonly arrived: () => number;
  /** Settles when the first request has reached the store. */
  readonly entered: Promise<void>;
  /** Lets the store answer. */
  readonly release: () => void;
}

/** An API whose store waits until it is let go. */
async function stageOf(limits: Partial<ApiLimits>): Promise<Stage> {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const api = await openTestApi(({ log }) => ({
    limits,
    log: {
      ...log,
      async readNewest(...read) {
        enter();
        await released;
        return log.readNewest(...read);
      },
    },
  }));
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  let arrived = 0;
  api.app.server.prependListener('request', () => {
    arrived += 1;
  });
  opened.push(async () => {
    release();
    await api.close();
  });
  return {
    api,
    port: (api.app.server.address() as AddressInfo).port,
    arrived: () => arrived,
    entered,
    release,
  };
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  opened.push(() => void socket.destroy());
  return socket;
}

/** A signed request as text. */
function signed(name: string, body: object, more: Record<string, string> = {}): string {
  const path = `/ums/v2/${name}`;
  const payload = JSON.stringify(body);
  const headers = { ...signedHeaders(path, payload), 'content-length': String(payload.length), ...more };
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${payload}`;
}
const unreg = (): string => signed('unreg', { appPackage: 'com.example.phone' });
const plain = 'POST /ums/v2/unreg HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n';
/** A request whose body is never complete. */
const half = (sent: number, declared = 100_000): string =>
  `POST /ums/v2/unreg HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${declared}\r\n\r\n${' '.repeat(sent)}`;

function codeOf({ status, body }: RawAnswer): unknown[] {
  const { retCode, data } = JSON.parse(body) as { retCode: string; data: unknown };
  expect(data).toBeNull();
  return [status, retCode];
}

function expectUnavailable(answer: RawAnswer, { last = false } = {}): void {
  expect(codeOf(answer)).toEqual([503, 'A00001']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(answer.headers.connection).toBe(last ? 'close' : 'keep-alive');
}

test('a refusal is held back, its connection goes on, and its line has the ids', async () => {
  const { api, port, entered, release } = await stageOf({ maxAtWork: 1 });
  const first = rawRequest(port, unreg());
  await entered;
  const socket = open(port);
  const startedAt = performance.now();
  expectUnavailable(await rawAnswer(socket, () => socket.write(unreg())));
  expect(performance.now() - startedAt).toBeGreaterThan(240);
  expect(api.lines.filter(({ status }) => status === 503)).toEqual([
    expect.objectContaining({ path: '/ums/v2/unreg', appId: 'MB-DEMO-0000', clientId: 'client-1', retCode: 'A00001' }),
  ]);
  expect(api.lines.find(({ msg }) => msg === 'shedding load')).toMatchObject({ level: 40 });
  release();
  expect(codeOf(await first)).toEqual([200, 'H32006']);
  expect(codeOf(await rawAnswer(socket, () => socket.write(unreg())))).toEqual([200, 'H32006']);
});

test('every refusal is alike: it comes before path, body and signature are looked at', async () => {
  const { port, entered } = await stageOf({ maxAtWork: 1 });
  rawRequest(port, unreg()).catch(() => undefined);
  await entered;
  const answers = await Promise.all(
    [plain, plain.replace('unreg', 'nowhere'), half(10), plain.replace('POST', 'PUT')].map((text) =>
      rawRequest(port, text),
    ),
  );
  for (const answer of answers) expect(codeOf(answer)).toEqual([503, 'A00001']);
});

test('a server that closes lets go of the held ones at once', async () => {
  const { api, port, entered, arrived, release } = await stageOf({ maxAtWork: 1 });
  const first = rawRequest(port, unreg());
  await entered;
  const held = Array.from({ length: 20 }, () => rawRequest(port, unreg()));
  await until('all requests', () => arrived() === 21);
  const closed = api.app.close();
  for (const answer of await Promise.all(held)) expectUnavailable(answer, { last: true });
  release();
  expect(codeOf(await first)).toEqual([200, 'H32006']);
  await closed;
});

test('half-sent bodies do not take the place of whole requests', async () => {
  const { port, arrived, release } = await stageOf({ maxAtWork: 2 });
  release();
  for (const _ of [1, 2]) open(port).write(half(1));
  await until('both', () => arrived() === 2);
  await until('a place', async () => codeOf(await rawRequest(port, unreg()))[0] === 200);
});

test('a request that waits for something else takes no place', async () => {
  const { promise: reached, resolve: reach } = Promise.withResolvers<boolean>();
  const { promise: waiting, resolve: wait } = Promise.withResolvers<void>();
  const api = await openTestApi(({ documents }) => ({
    limits: { maxAtWork: 1 },
    documents: Object.assign(Object.create(documents), {
      reached() {
        wait();
        return reached;
      },
    }),
  }));
  opened.push(() => api.close());
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = api.app.server.address() as AddressInfo;
  const body = { clientId: 'client-1', pushId: 'p', deviceType: '01', collab3th: 0, appPackage: 'com.example.phone' };
  const first = rawRequest(port, signed('register', body));
  await waiting;
  await until('a place', async () => codeOf(await rawRequest(port, plain))[0] === 401);
  reach(true);
  expect((await first).status).toBe(200);
});

test('clients that stall with a body, or before it, make way for each other and leave room for all others', async () => {
  const { port, release } = await stageOf({ maxSlowBodies: 2 });
  release();
  const answers: RawAnswer[] = [];
  for (const text of [half(1), half(0), half(1), half(0)]) {
    const socket = open(port);
    rawAnswer(socket, () => socket.write(text)).then(
      (answer) => answers.push(answer),
      () => undefined,
    );
  }
  await until('two answers', () => answers.length === 2);
  for (const answer of answers) expectUnavailable(answer, { last: true });
  expect(codeOf(await rawRequest(port, unreg()))).toEqual([200, 'H32006']);
});

test('bytes of bodies that are not complete are bounded: the oldest makes way', async () => {
  const { port, arrived, release } = await stageOf({ maxUnfinishedBytes: 20_000 });
  release();
  const answers = [1, 2, 3].map(async (nth) => {
    await until('those before', () => arrived() === nth - 1);
    const socket = open(port);
    return { socket, answer: rawAnswer(socket, () => socket.write(half(9_000, 9_001))) };
  });
  const [oldest, ...newer] = await Promise.all(answers);
  expectUnavailable(await (oldest as { answer: Promise<RawAnswer> }).answer, { last: true });
  for (const { socket, answer } of newer) {
    socket.write(' ');
    expect(codeOf(await answer)).toEqual([401, 'C00001']);
  }
});

test('connections are bounded: one too many is refused, and there is room again when another ends', async () => {
  const { api, port, release } = await stageOf({ maxConnections: 8 });
  release();
  const sockets = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = open(port);
      await once(socket, 'connect');
      // Half a head, of which the server knows nothing but the connection.
      socket.write('POST /ums/v2/unreg HTTP/1.1\r\n');
      return socket;
    }),
  );
  await until('all', async () => (await connectionsOf(api)) === 8);
  expectUnavailable(await rawRequest(port, unreg()), { last: true });
  const cut = Array.from({ length: 20 }, () => open(port));
  await Promise.all(cut.map((socket) => once(socket.resume(), 'close')));
  sockets[0]?.destroy();
  await until('room', async () => codeOf(await rawRequest(port, unreg()))[0] === 200);
});

function connectionsOf({ app }: TestApi): Promise<number> {
  return new Promise((resolve, reject) =>
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
  );
}
