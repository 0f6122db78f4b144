import { describe, expect, onTestFinished, test } from 'vitest';
import { jwtJwksVerifier } from '../../../src/backends/tokens/jwt-jwks.ts';
import { DeadlineExceeded } from '../../../src/ports/errors.ts';
import {
  answer,
  lenientSpellings,
  type SigningKey,
  seconds,
  signingKey,
  testClock,
  testEndpoint,
  uselessAnswers,
} from './support.ts';

const VERIFIED = { type: 'verified', token: { userId: 'u1' } };
const INVALID = { type: 'invalid' };

async function open(...keys: SigningKey[]) {
  const clock = testClock();
  const endpoint = await testEndpoint();
  const serve = (...served: SigningKey[]) => endpoint.behave(answer(200, { keys: served.map(({ jwk }) => jwk) }));
  serve(...keys);
  const verifier = jwtJwksVerifier(`${endpoint.url}/jwks?a=1`, clock);
  onTestFinished(async () => {
    await verifier.close();
    await endpoint.close();
  });
  return { clock, endpoint, serve, verifier, claims: (sub = 'u1') => ({ sub, exp: seconds(clock) + 3600 }) };
}

const MINUTE = 60_000;

describe('a JWT by key set', () => {
  test.each(['RS256', 'PS384', 'ES256', 'ES512', 'EdDSA'])('%s is verified', async (alg) => {
    const key = await signingKey(alg, 'k1');
    const { verifier, claims, endpoint } = await open(key);
    expect(await verifier.verify(await key.sign(claims()))).toEqual(VERIFIED);
    expect(endpoint.seen).toMatchObject([{ method: 'GET', url: '/jwks?a=1' }]);
  });

  test('the set is fetched once for many tokens at once and afterwards', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint } = await open(key);
    const tokens = await Promise.all(['a', 'b', 'c', 'd'].map((sub) => key.sign(claims(sub))));
    await Promise.all(tokens.map((token) => verifier.verify(token)));
    await verifier.verify(await key.sign(claims('e')));
    expect(endpoint.seen).toHaveLength(1);
  });

  test('a key that is new is fetched', async () => {
    const [first, second] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, serve, endpoint } = await open(first);
    expect(await verifier.verify(await first.sign(claims()))).toEqual(VERIFIED);
    serve(second);
    expect(await verifier.verify(await second.sign(claims()))).toEqual(VERIFIED);
    expect(endpoint.seen).toHaveLength(2);
    expect(await verifier.verify(await first.sign(claims('u2')))).toEqual(INVALID);
  });

  test('a new key is fetched where no key has a name', async () => {
    const [first, second] = [await signingKey('ES256'), await signingKey('ES256')];
    const { verifier, claims, serve } = await open(first);
    expect(await verifier.verify(await first.sign(claims()))).toEqual(VERIFIED);
    serve(second);
    expect(await verifier.verify(await second.sign(claims()))).toEqual(VERIFIED);
  });

  test('keys that nobody knows cannot hammer the endpoint', async () => {
    const [known, stranger] = [await signingKey('ES256', 'k1'), await signingKey('ES256')];
    const { verifier, claims, endpoint, clock } = await open(known);
    await verifier.verify(await known.sign(claims()));
    for (let n = 0; n < 30; n += 1) {
      expect(await verifier.verify(await stranger.sign(claims(), { kid: `x${n}` }))).toEqual(INVALID);
    }
    expect(endpoint.seen).toHaveLength(4);
    clock.advance(5000);
    await verifier.verify(await stranger.sign(claims(), { kid: 'x' }));
    await verifier.verify(await stranger.sign(claims(), { kid: 'y' }));
    expect(endpoint.seen).toHaveLength(5);
  });

  test('the key that a token names is the one that counts', async () => {
    const [one, two] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, endpoint } = await open(one, two);
    expect(await verifier.verify(await one.sign(claims(), { kid: 'k2' }))).toEqual(INVALID);
    expect(endpoint.seen).toHaveLength(1);
  });

  test('where neither tokens nor keys have names, each key is tried', async () => {
    const keys = [await signingKey('ES256'), await signingKey('ES256'), await signingKey('ES256')];
    const { verifier, claims } = await open(...keys);
    for (const key of keys) expect(await verifier.verify(await key.sign(claims()))).toEqual(VERIFIED);
    expect(await verifier.verify(await (await signingKey('ES256')).sign(claims()))).toEqual(INVALID);
  });

  test('a named token fits a key without a name', async () => {
    const key = await signingKey('RS256');
    const { verifier, claims } = await open(key, await signingKey('RS256', 'other'));
    expect(await verifier.verify(await key.sign(claims(), { kid: 'k9' }))).toEqual(VERIFIED);
  });

  test('keys that can not be read do not spoil those that can', async () => {
    const key = await signingKey('ES256');
    const { verifier, claims, endpoint } = await open(key);
    const broken = { ...key.jwk, x: 'AAAA' };
    endpoint.behave(answer(200, { keys: [{ kty: 'new' }, broken, { kty: 'oct', k: 'AAAA' }, key.jwk] }));
    expect(await verifier.verify(await key.sign(claims()))).toEqual(VERIFIED);
  });

  test('what is not signed by an asymmetric key costs no call', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, endpoint } = await open(key);
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const token of ['a.b.c', `${header({ alg: 'HS256' })}.e30.AA`, `${header({ alg: 'none' })}.e30.`]) {
      expect(await verifier.verify(token)).toEqual(INVALID);
    }
    expect(endpoint.seen).toHaveLength(0);
  });

  test('what is not written in strict base64url is refused, and costs no call', async () => {
    const key = await signingKey('ES256');
    const { verifier, claims, endpoint } = await open(key);
    // Signatures of ES256 are new each time: one is taken that has letters of its own alphabet in it.
    let token = await key.sign(claims());
    while (!/[-_][^.]*$/.test(token)) token = await key.sign(claims());
    for (const [name, spelling] of Object.entries(lenientSpellings(token)))
      expect(await verifier.verify(spelling), name).toEqual(INVALID);
    expect(endpoint.seen).toHaveLength(0);
    expect(await verifier.verify(token)).toEqual(VERIFIED);
  });

  test('a public key is no shared secret', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, endpoint } = await open(key);
    endpoint.behave(answer(200, { keys: [{ kty: 'oct', kid: 'k1', k: 'AAAA', alg: 'HS256' }] }));
    expect(await verifier.verify('eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.e30.AA')).toEqual(INVALID);
  });

  test.each(Object.entries(uselessAnswers))('%s in place of the set is no verdict', async (_name, useless) => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint, serve } = await open(key);
    endpoint.behave(useless);
    const token = await key.sign(claims());
    await expect(verifier.verify(token)).rejects.toThrow(DeadlineExceeded);
    serve(key);
    expect(await verifier.verify(token)).toEqual(VERIFIED);
  });

  test('silence ends after 2 s, for all who wait', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint } = await open(key);
    endpoint.behave(() => {});
    const started = performance.now();
    const tokens = await Promise.all(['a', 'b'].map((sub) => key.sign(claims(sub))));
    const results = await Promise.allSettled(tokens.map((token) => verifier.verify(token)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(performance.now() - started).toBeLessThan(3500);
    expect(endpoint.seen).toHaveLength(1);
  });

  test('an endpoint that is gone leaves the keys in use, however old; others get no verdict', async () => {
    const [known, stranger] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, endpoint, clock } = await open(known);
    await verifier.verify(await known.sign(claims()));
    await endpoint.close();
    expect(await verifier.verify(await known.sign(claims('u1')))).toEqual(VERIFIED);
    clock.advance(60 * MINUTE);
    expect(await verifier.verify(await known.sign(claims()))).toEqual(VERIFIED);
    await expect(verifier.verify(await stranger.sign(claims()))).rejects.toThrow(DeadlineExceeded);
    expect(await verifier.verify(await stranger.sign(claims(), { kid: 'k1' }))).toEqual(INVALID);
  });

  test('while the endpoint is away, a token that no key fits gets no verdict, and makes few calls', async () => {
    const [known, stranger] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, endpoint, clock } = await open(known);
    await verifier.verify(await known.sign(claims()));
    endpoint.behave(answer(500, ''));
    clock.advance(5 * MINUTE);
    for (let n = 0; n < 10; n += 1) {
      await expect(verifier.verify(await stranger.sign(claims()))).rejects.toThrow(DeadlineExceeded);
      if (n === 0) expect(endpoint.seen).toHaveLength(2);
    }
    expect(endpoint.seen).toHaveLength(5);
  });

  test('old keys are fetched again, and one that was taken back is refused', async () => {
    const [first, second] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, serve, clock } = await open(first);
    const token = await first.sign(claims());
    expect(await verifier.verify(token)).toEqual(VERIFIED);
    serve(second);
    clock.advance(5 * MINUTE);
    expect(await verifier.verify(token)).toEqual(INVALID);
  });

  test('while a refresh fails, one call in half a minute is made', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint, clock } = await open(key);
    await verifier.verify(await key.sign(claims()));
    endpoint.behave(answer(500, ''));
    clock.advance(5 * MINUTE);
    for (const sub of ['a', 'b', 'c', 'd']) await verifier.verify(await key.sign(claims(sub)));
    expect(endpoint.seen).toHaveLength(2);
    clock.advance(MINUTE / 2);
    expect((await verifier.verify(await key.sign(claims('e')))).type).toBe('verified');
    expect(endpoint.seen).toHaveLength(3);
  });
});
