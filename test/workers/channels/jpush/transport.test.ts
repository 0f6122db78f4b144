/** Failures of a call on its way, and the request that is sent. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  answer,
  channelTo,
  credentials,
  deliveryTo,
  errorBody,
  OTHER_PACKAGE,
  otherCredentials,
  PACKAGE,
  scriptedServer,
  unaborted,
} from './support.ts';

const ONE = ['100d855909a1d2b3c4d'];
const ok = { sendno: '1', msg_id: '18101213529672826' };

describe('an answer that does not come', () => {
  it('fails at the deadline when there is only silence', async () => {
    const { url } = await scriptedServer(() => {});
    const result = await channelTo(url, { deadlineMs: 50 }).send(deliveryTo(ONE), unaborted());
    expect(result).toEqual({ type: 'failed', reason: 'no answer within 50 ms' });
  });

  it('is unreadable when only the body of a 200 is missing', async () => {
    const { url } = await scriptedServer((response) => {
      response.writeHead(200);
      response.write('{"sendno":');
    });
    expect(await channelTo(url, { deadlineMs: 1000 }).send(deliveryTo(ONE), unaborted())).toMatchObject({
      type: 'unreadable',
    });
  });

  it('counts by its status when the body of an error breaks off', async () => {
    const { url } = await scriptedServer((response) => {
      response.writeHead(500, { 'content-length': '100' });
      response.write('{"error":', () => response.socket?.resetAndDestroy());
    });
    expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toMatchObject({
      type: 'failed',
      provider: { httpStatus: 500 },
    });
  });

  it('fails when the connection breaks', async () => {
    const { url } = await scriptedServer((response) => response.socket?.resetAndDestroy());
    expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toEqual({
      type: 'failed',
      reason: expect.stringContaining('connection failed'),
    });
  });

  it('fails when no server listens', async () => {
    expect(await channelTo('http://127.0.0.1:9').send(deliveryTo(ONE), unaborted())).toMatchObject({ type: 'failed' });
  });

  it('reads no more than it needs of a body without end', async () => {
    const { url } = await scriptedServer((response) => {
      response.writeHead(502);
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
        response.once('drain', more);
      };
      more();
    });
    const started = performance.now();
    expect(await channelTo(url, { deadlineMs: 10_000 }).send(deliveryTo(ONE), unaborted())).toMatchObject({
      type: 'failed',
      provider: { httpStatus: 502 },
    });
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('an answer in an encoding', () => {
  it('is asked not to be', async () => {
    const { url, seen } = await scriptedServer((response, { acceptEncoding }) => {
      if (acceptEncoding === 'identity') return answer(response, 200, ok);
      answer(response, 200, gzipSync(JSON.stringify(ok)).toString('latin1'), { 'content-encoding': 'gzip' });
    });
    expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toMatchObject({ type: 'sent' });
    expect(seen[0]?.acceptEncoding).toBe('identity');
  });

  it.each([
    [200, 'gzip', { type: 'unreadable' }],
    [200, 'identity', { type: 'sent' }],
    [500, 'br', { type: 'failed', provider: { httpStatus: 500 } }],
    [401, 'gzip', { type: 'denied', provider: { httpStatus: 401 } }],
  ])('counts by its status, whatever it seems to say: %i %s', async (status, encoding, expected) => {
    const { url } = await scriptedServer((response) => {
      answer(response, status, ok, { 'content-encoding': encoding });
    });
    expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toMatchObject(expected);
  });
});

it('takes no announcement of an answer for the answer', async () => {
  const { url } = await scriptedServer((response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => answer(response, 200, ok));
  });
  expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toMatchObject({ type: 'sent' });
});

describe('an abort', () => {
  it('ends a call under way with its reason', async () => {
    const stop = new AbortController();
    const { url } = await scriptedServer(() => stop.abort(new Error('stopping')));
    await expect(channelTo(url).send(deliveryTo(ONE), stop.signal)).rejects.toThrow('stopping');
  });

  it('keeps a call from starting', async () => {
    const { url, seen } = await scriptedServer((response) => answer(response, 200, ok));
    await expect(channelTo(url).send(deliveryTo(ONE), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
    expect(seen).toEqual([]);
  });
});

it('does not make a call that was given up while it waited for a connection', async () => {
  const held: (() => void)[] = [];
  let arrived = 0;
  const { promise: full, resolve } = Promise.withResolvers<void>();
  const { url, seen } = await scriptedServer((response) => {
    arrived += 1;
    if (arrived > 32) return answer(response, 200, ok);
    held.push(() => answer(response, 200, ok));
    if (arrived === 32) resolve();
  });
  const channel = channelTo(url, { deadlineMs: 10_000 });
  const stop = new AbortController();
  const holding = Array.from({ length: 32 }, () => channel.send(deliveryTo(ONE), unaborted()));
  await full;
  const given = channel.send(deliveryTo(['given-up']), stop.signal);
  const last = channel.send(deliveryTo(['last']), unaborted());
  stop.abort(new Error('stopping'));
  await expect(given).rejects.toThrow('stopping');
  for (const release of held) release();
  expect(new Set((await Promise.all([...holding, last])).map(({ type }) => type))).toEqual(new Set(['sent']));
  expect(seen).toHaveLength(33);
  expect(seen.filter(({ body }) => body.includes('given-up'))).toEqual([]);
});

it('ends calls under way as failed when it is closed', async () => {
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  const { url } = await scriptedServer(() => resolve());
  const channel = channelTo(url);
  const sending = channel.send(deliveryTo(ONE), unaborted());
  await arrived;
  await channel.close();
  expect(await sending).toMatchObject({ type: 'failed' });
});

it('lets an app that hangs hold up no other', async () => {
  const other = `Basic ${btoa(`${otherCredentials.appKey}:${otherCredentials.masterSecret}`)}`;
  const { url } = await scriptedServer((response, { authorization }) => {
    if (authorization === other) answer(response, 200, ok);
  });
  const channel = channelTo(url, { deadlineMs: 3000 });
  const stop = new AbortController();
  const hanging = Array.from({ length: 100 }, () => channel.send(deliveryTo(ONE), stop.signal).catch(() => 'aborted'));
  const result = await channel.send(deliveryTo(ONE, { appPackage: OTHER_PACKAGE }), unaborted());
  expect(result).toMatchObject({ type: 'sent' });
  stop.abort();
  expect(new Set(await Promise.all(hanging))).toEqual(new Set(['aborted']));
});

describe('a push', () => {
  it('has the form that JPush asks for', async () => {
    const { url, seen } = await scriptedServer((response) => answer(response, 200, ok));
    const channel = channelTo(`${url}/proxy/`);
    await channel.send(deliveryTo(['a', 'b', 'a'], { idempotencyKey: 'k-1', timeToLive: 864_000 }), unaborted());
    const [{ method, url: path, authorization, body } = expect.fail('no call')] = seen;
    expect({ method, path }).toEqual({ method: 'POST', path: '/proxy/v3/push' });
    expect(authorization).toBe(`Basic ${btoa(`${credentials.appKey}:${credentials.masterSecret}`)}`);
    expect(JSON.parse(body)).toEqual({
      cid: 'k-1',
      platform: 'all',
      audience: { registration_id: ['a', 'b'] },
      message: { msg_content: deliveryTo([]).payload, content_type: 'application/json' },
      options: { time_to_live: 259_200, apns_production: true },
    });
  });

  it('reuses connections', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await scriptedServer((response) => {
      ports.add(response.socket?.remotePort);
      answer(response, 200, ok);
    });
    const channel = channelTo(url);
    for (let call = 0; call < 20; call += 1) await channel.send(deliveryTo(ONE), unaborted());
    // A second one may open when a call starts in the moment that the first is being freed.
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});

describe('the rate', () => {
  const clock = { now: () => 1_000_000 };

  it('is what an answer announced', async () => {
    let remaining = 600;
    const { url } = await scriptedServer((response) => {
      remaining -= 1;
      answer(response, 200, ok, { 'X-Rate-Limit-Remaining': String(remaining), 'X-Rate-Limit-Reset': '42' });
    });
    const channel = channelTo(url, { clock });
    expect(channel.rate(PACKAGE)).toBeUndefined();
    await channel.send(deliveryTo(ONE), unaborted());
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 599, resetsInMs: 42_000 });
    await channel.send(deliveryTo(ONE), unaborted());
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 598, resetsInMs: 42_000 });
    expect(channel.rate('com.example.none')).toBeUndefined();
  });

  it('is used up after a 429, also one that does not say so', async () => {
    const { url } = await scriptedServer((response) => answer(response, 429, errorBody(2002), { 'Retry-After': '5' }));
    const channel = channelTo(url, { clock });
    await channel.send(deliveryTo(ONE), unaborted());
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 0, resetsInMs: 5_000 });
  });

  it.each<Record<string, string>>([
    { 'X-Rate-Limit-Remaining': '-1', 'X-Rate-Limit-Reset': '42' },
    { 'X-Rate-Limit-Limit': '600' },
  ])('is not guessed from %o', async (headers) => {
    const { url } = await scriptedServer((response) => answer(response, 200, ok, headers));
    const channel = channelTo(url, { clock });
    await channel.send(deliveryTo(ONE), unaborted());
    expect(channel.rate(PACKAGE)).toBeUndefined();
  });
});
