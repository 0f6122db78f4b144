/** Every row of `docs/jpush.md §6.1`, and its failure by `docs/api.md §3 MessageInfo`. */
import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../../../src/workers/channels/channel.ts';
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

  it('an unreadable HTTP 400', async () => {
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

  it.each([401, 403])('an unreadable HTTP %i', async (status) => {
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

  it.each([500, 502, 503, 504, 408, 302, 204])('an unreadable HTTP %i', async (status) => {
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

describe('acceptance', () => {
  it.each([
    ['text', '{"sendno":"1","msg_id":"18101213529672826"}', '18101213529672826'],
    ['a number beyond 2^53', '{"sendno":1,"msg_id":18101213529672826123}', '18101213529672826123'],
  ])('with a msg_id that is %s', async (_, body, providerMessageId) => {
    expect(await sendResult({ status: 200, body })).toEqual({ type: 'sent', providerMessageId });
  });

  it.each(['ok', '', '<html>', '{"sendno":"1"}'])(
    'takes the id from the header where the body has none: %s',
    async (body) => {
      const said = { status: 200, body, headers: { 'X-JPush-MsgId': '18101213529672826' } };
      expect(await sendResult(said)).toEqual({ type: 'sent', providerMessageId: '18101213529672826' });
    },
  );
});

describe('an unreadable 200', () => {
  it.each([
    ['no msg_id', '{"sendno":"1"}'],
    ['an object as msg_id', '{"msg_id":{"a":1}}'],
    ['no JSON', '<html>welcome</html>'],
    ['an empty body', ''],
    ['half a body', '{"sendno":"1","msg_'],
  ])('%s', async (_, body) => {
    expect(await sendResult({ status: 200, body })).toEqual({
      type: 'unreadable',
      reason: 'HTTP 200 without a msg_id',
      provider: { httpStatus: 200 },
    });
  });

  it.each([
    ['alone', {}, {}, undefined],
    ['beside a msg_id, as refused pushes have it', { msg_id: '5' }, {}, '5'],
    ['beside a msg_id in the header', {}, { 'X-JPush-MsgId': '6' }, '6'],
  ])('an error %s', async (_, body, headers, providerMessageId) => {
    const said = { status: 200, body: { ...body, ...errorBody(2003) }, headers: headers as Record<string, string> };
    expect(await sendResult(said)).toEqual({
      type: 'unreadable',
      reason: 'JPush 2003 (HTTP 200): app key is blocked',
      provider: { httpStatus: 200, code: 2003 },
      providerMessageId,
    });
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

it('quotes neither content nor secrets, even if JPush does', async () => {
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
