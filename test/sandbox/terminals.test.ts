/** Virtual terminals against a stand-in for the API, without waiting for their pauses. */
import { decodeJwt } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sign } from '../../src/client/client.ts';
import { registry as makeRegistry, type Registry } from '../../src/sandbox/jpush/registry.ts';
import { startTerminals, type TerminalEvent, type TerminalsOptions } from '../../src/sandbox/terminals.ts';
import { type FakeApi, fakeApi } from './support.ts';

const app = { appId: 'MB-TEST-0000', appKey: 'key of the app' };
const tokenSecret = 'a secret of at least 32 bytes for tokens';

interface Scene {
  readonly events: TerminalEvent[];
  /** The pauses that were asked for, in ms. */
  readonly pauses: number[];
  readonly push: (content: unknown) => void;
  readonly registry: Registry;
  readonly close: () => Promise<void>;
}

function scene(
  api: Pick<FakeApi, 'url'>,
  options: Partial<TerminalsOptions> = {},
  userId: string | undefined = 'alice',
): Scene {
  const registry = makeRegistry({ adoptUnknown: false, now: Date.now });
  const registrationId = registry.register('jpush-app');
  const events: TerminalEvent[] = [];
  const pauses: number[] = [];
  const terminals = startTerminals({
    apiUrl: api.url,
    app,
    tokenSecret,
    registry,
    terminals: [{ clientId: 'fridge-1', appPackage: 'com.example.fridge', registrationId, ...(userId && { userId }) }],
    onEvent: (event) => events.push(event),
    random: () => 0.5,
    pause: async (ms, signal) => {
      pauses.push(ms);
      signal.throwIfAborted();
    },
    ...options,
  });
  onTestFinished(() => terminals.close());
  const push = (content: unknown): void => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    registry.deliver([registrationId], { msgId: '1', content: text, notification: undefined }, 60, Date.now());
  };
  return { events, pauses, push, registry, close: () => terminals.close() };
}

const types = ({ events }: Scene): string[] =>
  events.map((event) => (event.type === 'reported' ? `reported ${event.status}` : event.type));

it('reports that a message was received, displayed and answered, each in its time', async () => {
  const api = await fakeApi();
  const stage = scene(api);
  stage.push({ msgId: 'm-1', message: { recipe: 1 } });
  await expect.poll(() => types(stage)).toEqual(['reported 2', 'reported 3', 'reported 4']);
  expect(stage.pauses).toEqual([275, 850 - 275, 2250 - 850]);
  expect(api.calls.map(({ path, body }) => [path, body])).toEqual(
    [2, 3, 4].map((status) => ['/ums/v2/report', { appPackage: 'com.example.fridge', msgId: 'm-1', status }]),
  );
});

it('signs each report and logs its user in', async () => {
  const api = await fakeApi();
  const stage = scene(api);
  stage.push({ msgId: 'm-1', message: {} });
  await expect.poll(() => api.calls).toHaveLength(3);
  const sequenceIds = new Set<unknown>();
  for (const { path, headers, body } of api.calls) {
    expect(headers).toMatchObject({ appid: app.appId, clientid: 'fridge-1' });
    expect(headers.sign).toBe(sign(path, JSON.stringify(body), app, String(headers.timestamp)));
    expect(decodeJwt(String(headers.accesstoken))).toMatchObject({ sub: 'alice', client_id: 'fridge-1' });
    expect(String(headers.sequenceid).length).toBeLessThanOrEqual(32);
    sequenceIds.add(headers.sequenceid);
  }
  expect(sequenceIds.size).toBe(3);
});

it('sends no token when no user is logged in', async () => {
  const api = await fakeApi();
  scene(api, {}, '').push({ msgId: 'm-1', message: {} });
  await expect.poll(() => api.calls).toHaveLength(3);
  for (const { headers } of api.calls) expect(headers).not.toHaveProperty('accesstoken');
});

it('drops a message that it has seen', async () => {
  const api = await fakeApi();
  const stage = scene(api);
  stage.push({ msgId: 'm-1', message: {} });
  stage.push({ msgId: 'm-1', message: {} });
  await expect.poll(() => types(stage)).toEqual(['repeated', 'reported 2', 'reported 3', 'reported 4']);
  expect(api.calls).toHaveLength(3);
});

describe('a report that fails', () => {
  it('is tried again with the same sequenceId while the service is away', async () => {
    const api = await fakeApi((_, index) => [503, 429, '00000'][index] ?? '00000');
    const stage = scene(api);
    stage.push({ msgId: 'm-1', message: {} });
    await expect.poll(() => types(stage)).toEqual(['reported 2', 'reported 3', 'reported 4']);
    expect(api.calls.map(({ body }) => body.status)).toEqual([2, 2, 2, 3, 4]);
    const [first, second, third, fourth] = api.calls.map(({ headers }) => headers.sequenceid);
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
  });

  it('is given up after a few tries', async () => {
    const api = await fakeApi(() => 503);
    const stage = scene(api);
    stage.push({ msgId: 'm-1', message: {} });
    await expect.poll(() => types(stage)).toEqual(['failed']);
    expect(api.calls).toHaveLength(5);
    expect(stage.events[0]).toMatchObject({ msgId: 'm-1', reason: 'report 2: HTTP 503' });
  });

  it('is the last one when it is refused', async () => {
    const api = await fakeApi((_, index) => (index === 1 ? 'H32008' : '00000'));
    const stage = scene(api);
    stage.push({ msgId: 'm-1', message: {} });
    await expect.poll(() => types(stage)).toEqual(['reported 2', 'failed']);
    expect(api.calls).toHaveLength(2);
  });

  it('is one of a service that is not there', async () => {
    const stage = scene({ url: 'http://127.0.0.1:9' });
    stage.push({ msgId: 'm-1', message: {} });
    await expect.poll(() => types(stage)).toEqual(['failed']);
  });
});

describe('a control', () => {
  it.each(['cancel', 'erase'] as const)('%s takes a message off the screen: no more reports', async (control) => {
    const api = await fakeApi();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const stage = scene(api, { pause: () => gate });
    stage.push({ msgId: 'm-1', message: {} });
    stage.push({ msgId: 'm-1', control });
    await expect.poll(() => types(stage)).toEqual(['takenOff']);
    stage.push({ msgId: 'm-2', message: {} });
    open();
    await expect.poll(() => types(stage)).toContain('reported 4');
    expect(new Set(api.calls.map(({ body }) => body.msgId))).toEqual(new Set(['m-2']));
  });

  it('also keeps away a message that comes after it', async () => {
    const stage = scene(await fakeApi());
    stage.push({ msgId: 'm-1', control: 'cancel' });
    stage.push({ msgId: 'm-1', message: {} });
    await expect.poll(() => types(stage)).toEqual(['takenOff', 'repeated']);
  });
});

it.each(['', 'text', '[]', 'null', '{"msgId":1,"message":{}}', '{"msgId":"m-1"}', '{"msgId":"m-1","control":"dance"}'])(
  'does not understand %j',
  async (content) => {
    const stage = scene(await fakeApi());
    stage.push(content);
    await expect.poll(() => types(stage)).toEqual(['failed']);
  },
);

it('closes although reports are still to come', async () => {
  const api = await fakeApi();
  const stage = scene(api, {
    pause: (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  });
  stage.push({ msgId: 'm-1', message: {} });
  await stage.close();
  stage.push({ msgId: 'm-2', message: {} });
  expect(stage.events).toEqual([]);
  expect(api.calls).toEqual([]);
});
