import type { ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { introspectionVerifier } from '../../../src/backends/tokens/introspection.ts';
import { DeadlineExceeded } from '../../../src/ports/errors.ts';
import {
  answer,
  compressedUnlessRefused,
  type Seen,
  seconds,
  testClock,
  testEndpoint,
  uselessAnswers,
} from './support.ts';

const VERIFIED = { type: 'verified', token: { userId: 'u1' } };

async function open(userPart = '') {
  const clock = testClock();
  const endpoint = await testEndpoint();
  const good = answer(200, { active: true, sub: 'u1', exp: seconds(clock) + 3600 });
  endpoint.behave(good);
  const verifier = introspectionVerifier(`${endpoint.url.replace('//', `//${userPart}`)}/introspect?x=1`, clock, clock);
  onTestFinished(async () => {
    await verifier.close();
    await endpoint.close();
  });
  return { clock, endpoint, verifier, good };
}

describe('introspection', () => {
  test('asks as RFC 7662 says', async () => {
    const { verifier, endpoint } = await open();
    expect(await verifier.verify('to&ken=+%')).toEqual(VERIFIED);
    expect(endpoint.seen).toMatchObject([
      {
        method: 'POST',
        url: '/introspect?x=1',
        headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
        body: 'token=to%26ken%3D%2B%25&token_type_hint=access_token',
      },
    ]);
    expect(endpoint.seen[0]?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['user:p%40ss%2Fw%C3%B6rd@', 'user:p@ss/wörd'],
    ['user@', 'user:'],
  ])('the user part %s goes as Basic', async (userPart, credentials) => {
    const { verifier, endpoint } = await open(userPart);
    await verifier.verify('t');
    expect(endpoint.seen[0]?.headers.authorization).toBe(`Basic ${Buffer.from(credentials).toString('base64')}`);
    expect(JSON.stringify([endpoint.seen[0]?.url, endpoint.seen[0]?.headers.host])).not.toContain('user');
  });

  test('an answer is kept for a minute', async () => {
    const { verifier, endpoint, clock } = await open();
    await verifier.verify('t');
    clock.advance(59_999);
    await verifier.verify('t');
    expect(endpoint.seen).toHaveLength(1);
    clock.advance(1);
    endpoint.behave(answer(200, { active: false }));
    expect(await verifier.verify('t')).toEqual({ type: 'invalid' });
  });

  test('an answer without an exp is kept for a minute, too', async () => {
    const { verifier, endpoint, clock } = await open();
    endpoint.behave(answer(200, { active: true, sub: 'u1', exp: null, client_id: null }));
    expect(await verifier.verify('t')).toEqual(VERIFIED);
    clock.advance(59_999);
    await verifier.verify('t');
    expect(endpoint.seen).toHaveLength(1);
    clock.advance(1);
    await verifier.verify('t');
    expect(endpoint.seen).toHaveLength(2);
  });

  test('a revoked token is refused after a minute, also when the clock is set back meanwhile', async () => {
    const { verifier, endpoint, clock } = await open();
    await verifier.verify('t');
    clock.advance(60_000);
    clock.setBack(3_600_000);
    endpoint.behave(answer(200, { active: false }));
    expect(await verifier.verify('t')).toEqual({ type: 'invalid' });
  });

  test('asks for an answer without compression, and takes none with', async () => {
    const { verifier, endpoint, clock } = await open();
    const good = { active: true, sub: 'u1', exp: seconds(clock) + 3600 };
    endpoint.behave(compressedUnlessRefused(good));
    expect(await verifier.verify('t')).toEqual(VERIFIED);
    endpoint.behave(answer(200, good, { 'content-encoding': 'br' }));
    await expect(verifier.verify('another')).rejects.toThrow(DeadlineExceeded);
    endpoint.behave(answer(200, good, { 'content-encoding': 'identity' }));
    expect(await verifier.verify('a third')).toEqual(VERIFIED);
  });

  test('a refusal is not kept', async () => {
    const { verifier, endpoint, good } = await open();
    endpoint.behave(answer(200, { active: false, sub: 'u1', exp: 1 }));
    expect(await verifier.verify('t')).toEqual({ type: 'invalid' });
    endpoint.behave(good);
    expect(await verifier.verify('t')).toEqual(VERIFIED);
  });

  test('of one token many times at once, one call is made', async () => {
    const { verifier, endpoint } = await open();
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verifier.verify('t')));
    expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict)))).toEqual(new Set([JSON.stringify(VERIFIED)]));
    expect(endpoint.seen).toHaveLength(1);
  });

  test.each(Object.entries(uselessAnswers))('%s is no verdict, and not kept', async (_name, useless) => {
    const { verifier, endpoint, good } = await open();
    endpoint.behave(useless);
    await expect(verifier.verify('t')).rejects.toThrow(DeadlineExceeded);
    endpoint.behave(good);
    expect(await verifier.verify('t')).toEqual(VERIFIED);
  });

  const SILENT: [string, (request: Seen, response: ServerResponse) => void][] = [
    ['never answers', () => {}],
    [
      'never ends its answer',
      (_, response) => {
        response.writeHead(200);
        response.write('{"active":');
      },
    ],
  ];
  test.each(SILENT)('an endpoint that %s is given up after 2 s', async (_name, silent) => {
    const { verifier, endpoint } = await open();
    endpoint.behave(silent);
    const started = performance.now();
    await expect(verifier.verify('t')).rejects.toThrow(DeadlineExceeded);
    expect(performance.now() - started).toBeGreaterThan(1900);
    expect(performance.now() - started).toBeLessThan(6000);
  });

  test('a connection that is lost once costs nothing', async () => {
    const { verifier, endpoint, good } = await open();
    endpoint.behave((request, response) => {
      if (endpoint.seen.length > 1) good(request, response);
      else response.socket?.destroy();
    });
    expect(await verifier.verify('t')).toEqual(VERIFIED);
    expect(endpoint.seen).toHaveLength(2);
  });

  test('an endpoint that is gone leaves kept answers in use', async () => {
    const { verifier, endpoint } = await open();
    await verifier.verify('t');
    await endpoint.close();
    expect(await verifier.verify('t')).toEqual(VERIFIED);
    await expect(verifier.verify('another')).rejects.toThrow(DeadlineExceeded);
  });

  test('no error tells the token, the credentials or the answer', async () => {
    const { verifier, endpoint } = await open('user:secret@');
    const told: unknown[] = [];
    const note = (reason: unknown) => told.push(reason);
    endpoint.behave(answer(200, '{"sub":"somebody","token":"the-token"'));
    await verifier.verify('the-token').catch(note);
    endpoint.behave(answer(200, { sub: 'somebody' }));
    await verifier.verify('the-token').catch(note);
    await endpoint.close();
    await verifier.verify('the-token').catch(note);
    expect(told).toEqual(Array(3).fill(expect.any(DeadlineExceeded)));
    expect(inspect(told, { depth: 9 })).not.toMatch(/the-token|secret|dXNlcjpzZWNyZXQ|somebody/);
  });
});
