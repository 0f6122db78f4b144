/** Every row of `jpush.md §6.1`, and what `contract.md §4` makes of it. */
import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../../src/workers/channels/channel.ts';
import { answer, channelTo, deliveryTo, errorBody, scriptedServer, unaborted } from './support.ts';

const ONE = ['100d855909a1d2b3c4d'];
const TWO = ['100d855909a1d2b3c4d', '1a0018970ae5f6a7b8c'];

interface Said {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

async function sendResult({ status, body = '', headers }: Said, pushIds: readonly string[] = ONE): Promise<SendResult> {
  const { url } = await scriptedServer((response) => answer(response, status, body, headers));
  return channelTo(url).send(deliveryTo(pushIds), unaborted());
}

describe('a refusal of the message', () => {
  it.each([
    [1001, 405],
    [1002, 400],
    [1003, 400],
    [1005, 400],
    [1009, 400],
    [1035, 400],
    [9999, 400],
    [9999, 404],
  ])('%i with HTTP %i', async (code, status) => {
    const result = await sendResult({ status, body: errorBody(code) });
    expect(result).toEqual({
      type: 'refused',
      reason: expect.stringContaining(String(code)),
      provider: { httpStatus: status, code },
    });
  });

  it('HTTP 400 that nobody can read', async () => {
    expect(await sendResult({ status: 400, body: '<html>' })).toMatchObject({ type: 'refused', reason: 'HTTP 400' });
  });

  it('says which key was wrong', async () => {
    const said = { status: 400, body: errorBody(1003, "'time_to_live' value is invalid.") };
    expect(await sendResult(said)).toMatchObject({ type: 'refused', reason: expect.stringContaining('time_to_live') });
  });
});

describe('a refusal of us', () => {
  it.each([
    [1004, 401],
    [1004, 400],
    [1008, 400],
    [1020, 404],
    [2003, 403],
    [2004, 403],
    [2005, 403],
    [2006, 403],
    [2007, 403],
    [2008, 400],
  ])('%i with HTTP %i', async (code, status) => {
    expect(await sendResult({ status, body: errorBody(code) })).toMatchObject({
      type: 'denied',
      provider: { httpStatus: status, code },
    });
  });

  it.each([401, 403])('HTTP %i that nobody can read', async (status) => {
    expect(await sendResult({ status, body: 'no' })).toMatchObject({
      type: 'denied',
      provider: { httpStatus: status },
    });
  });
});

describe('a failure, to be tried again', () => {
  it.each([
    [1000, 500],
    [1030, 503],
    [7000, 500],
    [1003, 500],
    [9999, 503],
    [9999, 408],
    [9999, 301],
  ])('%i with HTTP %i', async (code, status) => {
    expect(await sendResult({ status, body: errorBody(code, 'The registration_id x is invalid!') })).toMatchObject({
      type: 'failed',
    });
  });

  it.each([500, 502, 503, 504, 408, 302, 204])('HTTP %i that nobody can read', async (status) => {
    expect(await sendResult({ status, body: status === 204 ? '' : '<html>Bad Gateway</html>' })).toMatchObject({
      type: 'failed',
      provider: { httpStatus: status },
    });
  });

  it('does not follow a redirect', async () => {
    const { url, seen } = await scriptedServer((response) => answer(response, 307, '', { location: '/elsewhere' }));
    expect(await channelTo(url).send(deliveryTo(ONE), unaborted())).toMatchObject({ type: 'failed' });
    expect(seen).toHaveLength(1);
  });
});

describe('a request to wait', () => {
  it.each([
    ['2002 with its reset', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['429 that nobody can read', 429, '<html>', { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['429 with an unknown code', 429, errorBody(9999), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['1012', 400, errorBody(1012), { 'X-Rate-Limit-Reset': '7' }, 7000],
    ['Retry-After in seconds', 429, errorBody(2002), { 'Retry-After': '3' }, 3000],
    ['no header at all', 429, errorBody(2002), {}, 60_000],
    ['a reset of now', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '0' }, 1000],
    ['a reset in ages', 429, errorBody(2002), { 'X-Rate-Limit-Reset': '99999999' }, 600_000],
    ['a reset that is none', 429, errorBody(2002), { 'X-Rate-Limit-Reset': 'soon' }, 60_000],
  ])('%s', async (_, status, body, headers, retryAfterMs) => {
    expect(await sendResult({ status, body, headers: headers as Record<string, string> })).toMatchObject({
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

describe('acceptance', () => {
  it.each([
    ['text', '{"sendno":"1","msg_id":"18101213529672826"}', '18101213529672826'],
    ['a number beyond 2^53', '{"sendno":1,"msg_id":18101213529672826123}', '18101213529672826123'],
    ['nothing', '{"sendno":"1"}', undefined],
    ['an object', '{"msg_id":{"a":1}}', undefined],
    ['no JSON', '<html>welcome</html>', undefined],
    ['an empty body', '', undefined],
    ['half a body', '{"sendno":"1","msg_', undefined],
    ['an error beside it', '{"msg_id":"5","error":{"code":1003,"message":"?"}}', '5'],
  ])('with a msg_id that is %s', async (_, body, providerMessageId) => {
    expect(await sendResult({ status: 200, body })).toEqual({ type: 'sent', providerMessageId });
  });

  it('takes the id from the header where the body has none', async () => {
    const said = { status: 200, body: 'ok', headers: { 'X-JPush-MsgId': '18101213529672826' } };
    expect(await sendResult(said)).toEqual({ type: 'sent', providerMessageId: '18101213529672826' });
  });
});

describe('dead recipients', () => {
  const invalid = (id: string): Said => ({
    status: 400,
    body: errorBody(1003, `The registration_id ${id} is invalid!`),
  });
  const nobody: Said = { status: 400, body: errorBody(1011, 'cannot find user by this audience') };

  it.each([
    ['1003 about the single one', invalid('100d855909a1d2b3c4d'), ONE, ['c0']],
    [
      '1003 in other words about the single one',
      { status: 400, body: errorBody(1003, 'bad registration_id') },
      ONE,
      ['c0'],
    ],
    ['1011 of the single one', nobody, ONE, ['c0']],
    ['1003 about one of two', invalid('1a0018970ae5f6a7b8c'), TWO, ['c1']],
    ['1003 about one that two clients share', invalid('same'), ['same', 'other-one', 'same'], ['c0', 'c2']],
    ['1011 of one that two clients share', nobody, ['same', 'same'], ['c0', 'c1']],
    [
      '1003 with a list of them',
      { status: 400, body: errorBody(1003, `illegal registration_id: ["${TWO[0]}","${TWO[1]}"]`) },
      [...TWO, '161a3797c8e0f1d2e3f'],
      ['c0', 'c1'],
    ],
  ] as const)('%s', async (_, said, pushIds, clientIds) => {
    expect(await sendResult(said, pushIds)).toMatchObject({ type: 'deadRecipients', clientIds });
  });

  it.each([
    ['1011 of two', nobody, TWO],
    ['1003 about a stranger', invalid('161a3797c8e0f1d2e3f'), TWO],
    ['1003 about a longer one', invalid(`${TWO[0]}9`), TWO],
    ['1003 whose words happen to be ids', { status: 400, body: errorBody(1003, 'bad registration_id') }, ['bad', 'x']],
  ] as const)('nobody in particular: %s', async (_, said, pushIds) => {
    expect(await sendResult(said, pushIds)).toMatchObject({ type: 'nobodyReached', provider: { httpStatus: 400 } });
  });
});

it('quotes neither content nor secrets, whatever JPush quotes', async () => {
  const text = 'msg_content {"secret":"grandmother"} 5e987ac6d2e04d95a9d8f0d1 is invalid';
  for (const code of [1000, 1002, 1003, 1004, 1011, 2002, 9999]) {
    const result = await sendResult({ status: 400, body: errorBody(code, text) });
    expect(JSON.stringify(result)).not.toMatch(/grandmother|5e987ac6/);
  }
});

it('refuses to push for a package without credentials', async () => {
  const { url, seen } = await scriptedServer((response) => answer(response, 200, {}));
  const channel = channelTo(url);
  const delivery = deliveryTo(ONE, { appPackage: 'com.example.none' });
  expect(await channel.send(delivery, unaborted())).toMatchObject({ type: 'denied' });
  expect(await channel.reserveKey('com.example.none', unaborted())).toMatchObject({ type: 'denied' });
  expect(await channel.reserveKey('com.example.unheard-of', unaborted())).toMatchObject({ type: 'denied' });
  expect(seen).toEqual([]);
});
