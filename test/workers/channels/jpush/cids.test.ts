/** Idempotency keys: how they are fetched, for how long they are good, and that they prevent a second push. */
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startJPush } from '../../../../src/sandbox/jpush/server.ts';
import type { KeyResult } from '../../../../src/workers/channels/channel.ts';
import { type CidBatch, cidPool } from '../../../../src/workers/channels/jpush/cids.ts';
import {
  answer,
  channelTo,
  credentials,
  deliveryTo,
  errorBody,
  PACKAGE,
  scriptedServer,
  unaborted,
} from './support.ts';

const HOUR = 3_600_000;
const noon = Date.UTC(2026, 10, 24, 12);

/** A pool on a provider that gives up to `tier` cids at a time, named by their number. */
function pool(tier: number) {
  const asked: number[] = [];
  /** The two clocks drift apart where a test sets one back. */
  const time = { now: noon, setBack: 0 };
  let last = 0;
  let gate = Promise.resolve();
  const cids = cidPool({
    clock: { now: () => time.now - time.setBack },
    monotonic: { elapsed: () => time.now },
    deadlineMs: 1000,
    async fetchCids(count): Promise<CidBatch> {
      asked.push(count);
      await gate;
      const given = Math.min(count, tier);
      last += given;
      return { type: 'cids', cids: Array.from({ length: given }, (_, index) => `cid-${last - given + index + 1}`) };
    },
  });
  const hold = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    return resolve;
  };
  const take = (signal = unaborted()): Promise<KeyResult> => cids.take(signal);
  return { asked, time, take, hold, clear: () => cids.clear() };
}

const keyOf = (result: KeyResult): string => (result.type === 'reserved' ? result.key : result.type);

describe('the pool of cids', () => {
  it('hands out each cid once, good for a day less an hour', async () => {
    const { take } = pool(10);
    const results = await Promise.all(Array.from({ length: 25 }, () => take()));
    expect(new Set(results.map(keyOf)).size).toBe(25);
    for (const result of results) expect(result).toMatchObject({ type: 'reserved', validUntil: noon + 23 * HOUR });
  });

  it('fetches a few times for many concurrent callers, and serves them in their order', async () => {
    const { take, asked, hold } = pool(1000);
    const release = hold();
    const taking = Array.from({ length: 100 }, () => take());
    await turn();
    expect(asked.length).toBeLessThanOrEqual(4);
    release();
    expect((await Promise.all(taking)).map(keyOf)).toEqual(
      Array.from({ length: 100 }, (_, index) => `cid-${index + 1}`),
    );
    expect(asked.length).toBeLessThanOrEqual(4);
  });

  it('fetches several times at once where the tier gives few, and has a bound', async () => {
    const { take, asked, hold } = pool(10);
    // The first batches show how many cids the tier gives.
    for (let index = 0; index < 30; index += 1) await take();
    const release = hold();
    const before = asked.length;
    const taking = Array.from({ length: 200 }, () => take());
    await turn();
    expect(asked).toHaveLength(before + 8);
    release();
    expect(new Set((await Promise.all(taking)).map(keyOf)).size).toBe(200);
  });

  it('lets no caller overtake one that waits', async () => {
    const { take, hold } = pool(10);
    const release = hold();
    const first = take();
    await turn();
    release();
    const order: string[] = [];
    const note = async (name: string, taking: Promise<KeyResult>): Promise<void> => {
      order.push(`${name} ${keyOf(await taking)}`);
    };
    await Promise.all([note('first', first), note('second', take())]);
    expect(order).toEqual(['first cid-1', 'second cid-2']);
  });

  it('gives the callers of fetches that fail together one and the same failure', async () => {
    let fail = (): void => {};
    const failing = new Promise<void>((resolve) => {
      fail = resolve;
    });
    let fetches = 0;
    const cids = cidPool({
      clock: { now: () => noon },
      monotonic: { elapsed: () => 0 },
      deadlineMs: 1000,
      async fetchCids() {
        fetches += 1;
        await failing;
        return { type: 'failed', reason: `fetch ${fetches}` };
      },
    });
    const taking = Array.from({ length: 100 }, () => cids.take(unaborted()));
    expect(fetches).toBeGreaterThan(1);
    fail();
    const results = await Promise.all(taking);
    expect(new Set(results).size).toBe(1);
    const fetchesBefore = fetches;
    const later = await Promise.all([cids.take(unaborted()), cids.take(unaborted())]);
    expect(fetches).toBe(fetchesBefore + 1);
    expect(later[0]).toBe(later[1]);
    expect(later[0]).not.toBe(results[0]);
  });

  it('gives a caller up that would wait for longer than the deadline', async () => {
    const { take, time, hold } = pool(10);
    const release = hold();
    const taking = Array.from({ length: 500 }, () => take());
    await turn();
    time.now += 1001;
    release();
    const results = (await Promise.all(taking)).map(keyOf);
    expect(results[0]).toBe('cid-1');
    expect(results.at(-1)).toBe('failed');
  });

  it('measures ages by the monotonic clock, and names the end of a cid as a time of day', async () => {
    const { take, time } = pool(10);
    await take();
    time.now += 11 * HOUR;
    time.setBack = 24 * HOUR;
    expect(await take()).toEqual({ type: 'reserved', key: 'cid-2', validUntil: noon - 24 * HOUR + 23 * HOUR });
    time.now += 1 * HOUR;
    expect(keyOf(await take())).toBe('cid-11');
  });

  it('brings more than 600 keys a second from a provider that takes 50 ms and gives 10 at a time', async () => {
    // Every round of the provider is 50 ms: every request from before its end is answered by it.
    const asked: (() => void)[] = [];
    let last = 0;
    const cids = cidPool({
      clock: { now: () => noon },
      monotonic: { elapsed: () => 0 },
      deadlineMs: 1000,
      async fetchCids() {
        await new Promise<void>((resolve) => asked.push(resolve));
        last += 10;
        return { type: 'cids', cids: Array.from({ length: 10 }, (_, index) => `cid-${last - index}`) };
      },
    });
    let taken = 0;
    const caller = async (): Promise<void> => {
      while (taken < 1000) {
        taken += 1;
        await cids.take(unaborted());
      }
    };
    const callers = Promise.all(Array.from({ length: 64 }, caller));
    let rounds = 0;
    while (asked.length > 0) {
      rounds += 1;
      for (const answer of asked.splice(0)) answer();
      await turn();
    }
    await callers;
    expect((1000 * taken) / (rounds * 50)).toBeGreaterThan(600);
  });

  it('asks for more while demand lasts, up to VIP’s limit, and takes as many as the free tier gives', async () => {
    const { take, asked } = pool(1000);
    for (let index = 0; index < 5000; index += 1) await take();
    expect(asked[0]).toBe(10);
    expect(Math.max(...asked)).toBe(1000);
    expect(asked.length).toBeLessThan(20);
    const free = pool(10);
    for (let index = 0; index < 100; index += 1) expect(await free.take()).toMatchObject({ type: 'reserved' });
  });

  it('stays small when demand is low', async () => {
    const { take, asked, time } = pool(1000);
    for (let index = 0; index < 100; index += 1) {
      await take();
      time.now += 60_000;
    }
    expect(Math.max(...asked)).toBe(10);
  });

  it('throws away cids older than half a day', async () => {
    const { take, time } = pool(10);
    expect(keyOf(await take())).toBe('cid-1');
    time.now += 12 * HOUR - 1;
    expect(keyOf(await take())).toBe('cid-2');
    time.now += 1;
    expect(await take()).toEqual({ type: 'reserved', key: 'cid-11', validUntil: time.now + 23 * HOUR });
  });

  it('lets one caller go while the others wait on', async () => {
    const { take, hold } = pool(10);
    const release = hold();
    const stop = new AbortController();
    const impatient = take(stop.signal);
    const patient = take();
    stop.abort(new Error('stopping'));
    await expect(impatient).rejects.toThrow('stopping');
    release();
    expect(keyOf(await patient)).toBe('cid-1');
  });

  it('forgets all when told to', async () => {
    const { take, clear } = pool(10);
    await take();
    clear();
    expect(keyOf(await take())).toBe('cid-11');
  });
});

describe('reserving a key', () => {
  it('asks JPush for push cids', async () => {
    const { url, seen } = await scriptedServer((response) => answer(response, 200, { cidlist: ['k-1', 'k-2'] }));
    expect(await channelTo(url).reserveKey(PACKAGE, unaborted())).toMatchObject({ type: 'reserved', key: 'k-1' });
    expect(seen[0]).toMatchObject({ method: 'GET', url: '/v3/push/cid?count=10&type=push' });
  });

  it.each([
    ['no list', {}],
    ['an empty list', { cidlist: [] }],
    ['numbers', { cidlist: [1, 2] }],
    ['an empty one', { cidlist: ['k-1', ''] }],
    ['no JSON', 'hello'],
  ])('fails on %s', async (_, body) => {
    const { url } = await scriptedServer((response) => answer(response, 200, body));
    expect(await channelTo(url).reserveKey(PACKAGE, unaborted())).toMatchObject({ type: 'failed' });
  });

  it.each([
    ['failed', 500, 1000],
    ['failed', 400, 1003],
    ['failed', 404, 9999],
    ['denied', 401, 1004],
    ['denied', 403, 2003],
    ['deferred', 429, 2002],
  ])('is %s on HTTP %i with %i', async (type, status, code) => {
    const { url } = await scriptedServer((response) => answer(response, status, errorBody(code)));
    expect(await channelTo(url).reserveKey(PACKAGE, unaborted())).toMatchObject({ type, provider: { code } });
  });

  it('fails at its deadline, and when the channel closes', async () => {
    const { url } = await scriptedServer(() => {});
    expect(await channelTo(url, { deadlineMs: 50 }).reserveKey(PACKAGE, unaborted())).toMatchObject({ type: 'failed' });
    const channel = channelTo(url);
    const reserving = channel.reserveKey(PACKAGE, unaborted());
    await channel.close();
    expect(await reserving).toMatchObject({ type: 'failed' });
  });

  it('starts afresh once JPush does not know a cid', async () => {
    let batch = 0;
    const { url } = await scriptedServer((response, { method }) => {
      if (method === 'POST') return answer(response, 400, errorBody(1003, "'cid' value is invalid."));
      batch += 1;
      answer(response, 200, { cidlist: Array.from({ length: 10 }, (_, index) => `batch-${batch}-${index}`) });
    });
    const channel = channelTo(url);
    expect(keyOf(await channel.reserveKey(PACKAGE, unaborted()))).toBe('batch-1-0');
    expect(await channel.send(deliveryTo(['a'], { idempotencyKey: 'batch-1-0' }), unaborted())).toEqual({
      type: 'keyRefused',
      reason: 'JPush 1003 (HTTP 400): a value is invalid (cid)',
      provider: { httpStatus: 400, code: 1003 },
    });
    expect(keyOf(await channel.reserveKey(PACKAGE, unaborted()))).toBe('batch-2-0');
  });
});

it('never pushes twice with one cid, however the first try ended', async () => {
  const jpush = await startJPush({ apps: [credentials], callsPerMinute: Number.POSITIVE_INFINITY });
  onTestFinished(() => jpush.close());
  const channel = channelTo(jpush.url, { deadlineMs: 1000 });
  const id = jpush.registry.register(credentials.appKey);
  const faults = [
    { type: 'stall', ms: 60_000 },
    { type: 'reset', accepted: true },
    { type: 'reset', accepted: false },
    { type: 'html', status: 502 },
  ] as const;
  for (const fault of faults) {
    const idempotencyKey = keyOf(await channel.reserveKey(PACKAGE, unaborted()));
    const delivery = deliveryTo([id], { idempotencyKey });
    jpush.faults.inject({ fault, times: 1 });
    expect(await channel.send(delivery, unaborted())).toMatchObject({ type: 'failed' });
    const again = await channel.send(delivery, unaborted());
    const pushes = jpush.journal.pushes().filter(({ cid }) => cid === idempotencyKey);
    expect(pushes).toHaveLength(1);
    expect(again).toEqual({ type: 'sent', providerMessageId: pushes[0]?.msgId });
  }
  expect(jpush.journal.counts).toMatchObject({ accepted: 4, replayed: 2 });
});
