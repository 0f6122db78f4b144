/** How long a refusal for the rate makes the channel wait (`docs/jpush.md §4`). */
import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../../../src/workers/channels/channel.ts';
import { answer, channelTo, deliveryTo, errorBody, PACKAGE, scriptedServer, unaborted } from './support.ts';

const ONE = ['100d855909a1d2b3c4d'];

async function sendResult(status: number, body: unknown, headers: Record<string, string>): Promise<SendResult> {
  const { url } = await scriptedServer((response) => answer(response, status, body, headers));
  return channelTo(url).send(deliveryTo(ONE), unaborted());
}

describe('a request to wait', () => {
  it.each([
    ['2002 with its reset', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['429 that nobody can read', 429, '<html>', { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['429 with an unknown code', 429, errorBody(9999), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['1012', 400, errorBody(1012), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['Retry-After in seconds', 429, errorBody(2002), { 'Retry-After': '3' }, 3000],
    ['no header at all', 429, errorBody(2002), {}, 1000],
    ['1012 with no header', 400, errorBody(1012), {}, 1000],
    ['a reset of now', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '0' }, 1000],
    ['a reset in ages', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '99999999' }, 600_000],
    ['a reset that is none', 429, errorBody(2002), { 'X-Rate-Limit-Reset': 'soon' }, 1000],
    ['a reset before now', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '-1', 'Retry-After': '3' }, 3000],
  ])('%s', async (_, status, body, headers, retryAfterMs) => {
    expect(await sendResult(status, body, headers as Record<string, string>)).toMatchObject({
      type: 'deferred',
      retryAfterMs,
    });
  });

  it('until a date', async () => {
    const now = Date.UTC(2026, 10, 24, 6, 0, 0);
    const headers = { 'Retry-After': 'Tue, 24 Nov 2026 06:00:09 GMT' };
    const { url } = await scriptedServer((response) => answer(response, 429, errorBody(2002), headers));
    const channel = channelTo(url, { clock: { now: () => now } });
    expect(await channel.send(deliveryTo(ONE), unaborted())).toMatchObject({ type: 'deferred', retryAfterMs: 9000 });
  });
});

describe('a request to wait that does not say for how long', () => {
  /** A channel on a clock that stands still, to a provider that refuses pushes until told otherwise. */
  async function refused(code: number, headers: Record<string, string> = {}) {
    const time = { now: 1_000_000 };
    const says = { ...refusalOf(code), headers };
    const server = await scriptedServer((response, { method }) => {
      if (method === 'GET') answer(response, 200, { cidlist: ['k-1'] });
      else answer(response, says.status, says.body, says.headers);
    });
    const channel = channelTo(server.url, { clock: { now: () => time.now } });
    const send = async (): Promise<number | string> => {
      const result = await channel.send(deliveryTo(ONE), unaborted());
      return result.type === 'deferred' ? result.retryAfterMs : result.type;
    };
    /** The waits of so many calls, each made when the one before has waited. */
    const waits = async (count: number): Promise<(number | string)[]> => {
      const all: (number | string)[] = [];
      for (let n = 0; n < count; n += 1) {
        const wait = await send();
        if (typeof wait === 'number') time.now += wait;
        all.push(wait);
      }
      return all;
    };
    return { channel, time, says, send, waits };
  }
  const refusalOf = (code: number) => ({ status: code === 1012 ? 400 : 429, body: errorBody(code) as unknown });

  it.each([2002, 1012])('waits longer each time, up to a minute: %i', async (code) => {
    const { waits } = await refused(code);
    expect(await waits(8)).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  it.each<Record<string, string>>([
    { 'X-Rate-Limit-Reset': '-1' },
    { 'X-Rate-Limit-Reset': 'soon', 'Retry-After': '-1' },
    { 'Retry-After': '2026-11-24' },
  ])('so it does when headers say nothing of use: %o', async (headers) => {
    const { waits } = await refused(2002, headers);
    expect(await waits(3)).toEqual([1000, 2000, 4000]);
  });

  it('is not prolonged by a clock that is set back', async () => {
    let wall = 1_000_000;
    let elapsed = 0;
    const { url } = await scriptedServer((response) => answer(response, 429, errorBody(2002), { 'Retry-After': '5' }));
    const clocks = { clock: { now: () => wall }, monotonic: { elapsed: () => elapsed } };
    const channel = channelTo(url, clocks);
    await channel.send(deliveryTo(ONE), unaborted());
    wall -= 3_600_000;
    elapsed += 1000;
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 0, resetsInMs: 4000 });
  });

  it('begins anew when a push has got through', async () => {
    const { waits, says } = await refused(2002);
    await waits(3);
    Object.assign(says, { status: 200, body: { msg_id: '5' } });
    expect(await waits(1)).toEqual(['sent']);
    Object.assign(says, refusalOf(2002));
    expect(await waits(2)).toEqual([1000, 2000]);
  });

  it('does not when a cid has', async () => {
    const { waits, channel } = await refused(2002);
    await waits(2);
    expect(await channel.reserveKey(PACKAGE, unaborted())).toMatchObject({ type: 'reserved' });
    expect(await waits(1)).toEqual([4000]);
  });

  it('is one wait for all calls that were under way', async () => {
    const { send, time } = await refused(2002);
    expect(await Promise.all([send(), send(), send()])).toEqual([1000, 1000, 1000]);
    time.now += 400;
    expect(await send()).toBe(600);
    time.now += 600;
    expect(await send()).toBe(2000);
  });

  it('closes the window for as long; then one call at a time finds out whether it is open', async () => {
    const { waits, channel, time, says } = await refused(2002);
    await waits(1);
    expect(await channel.send(deliveryTo(ONE), unaborted())).toMatchObject({ retryAfterMs: 2000 });
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 0, resetsInMs: 2000 });
    time.now += 2000;
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 1, resetsInMs: 1000 });
    const headers = { 'X-Rate-Limit-Remaining': '599', 'X-Rate-Limit-Reset': '60' };
    Object.assign(says, { status: 200, body: { msg_id: '5' }, headers });
    expect(await waits(1)).toEqual(['sent']);
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 599, resetsInMs: 60_000 });
  });
});

describe('the rest of a window', () => {
  const announce = (remaining: number, reset: number) => ({
    'X-Rate-Limit-Remaining': String(remaining),
    'X-Rate-Limit-Reset': String(reset),
  });

  it('is the least that was announced in it, whichever answer comes first', async () => {
    const time = { now: 1_000_000 };
    const waiting: (() => void)[] = [];
    const { url } = await scriptedServer((response) => {
      const left = 1 - waiting.length;
      waiting.push(() => answer(response, 200, { msg_id: '5' }, announce(left, 20)));
      if (waiting.length === 2) waiting[1]?.();
    });
    const channel = channelTo(url, { clock: { now: () => time.now } });
    const calls = [1, 2].map(() => channel.send(deliveryTo(ONE), unaborted()));
    await Promise.race(calls);
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 0, resetsInMs: 20_000 });
    waiting[0]?.();
    await Promise.all(calls);
    expect(channel.rate(PACKAGE)).toEqual({ remaining: 0, resetsInMs: 20_000 });
  });

  it.each([
    ['the window has ended', 20_000, 3, 60],
    ['an answer tells of a later one', 1_000, 3, 60],
    ['an answer tells of an earlier one', 1_000, 3, 1],
  ])('is announced anew when %s', async (_, later, remaining, reset) => {
    const time = { now: 1_000_000 };
    const says = { headers: announce(0, 20) };
    const { url } = await scriptedServer((response) => answer(response, 200, { msg_id: '5' }, says.headers));
    const channel = channelTo(url, { clock: { now: () => time.now } });
    await channel.send(deliveryTo(ONE), unaborted());
    time.now += later;
    says.headers = announce(remaining, reset);
    await channel.send(deliveryTo(ONE), unaborted());
    expect(channel.rate(PACKAGE)).toEqual({ remaining, resetsInMs: reset * 1000 });
  });
});
