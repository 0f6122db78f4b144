import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { jwtJwksVerifier } from '../../../src/backends/tokens/jwt-jwks.ts';
import { DeadlineExceeded } from '../../../src/ports/errors.ts';
import {
  answer,
  compressedUnlessRefused,
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
  const verifier = jwtJwksVerifier(`${endpoint.url}/jwks?a=1`, clock, clock);
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

  test('unknown keys cannot hammer the endpoint', async () => {
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

  /** Odd keys that an issuer may have in its set beside a good one. */
  const oddKeys = async (good: SigningKey): Promise<Record<string, unknown>> => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    const another = await signingKey('RS256');
    const secret = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
    return {
      'a weak RSA key': weak,
      'a broken RSA key': { kty: 'RSA', n: 'AA', e: 'AQAB' },
      'an RSA key without its modulus': { kty: 'RSA', e: 'AQAB' },
      'an RSA key whose modulus is no text': { kty: 'RSA', n: 5, e: 'AQAB' },
      'a private key': secret,
      'a key of another type': { kty: 'new' },
      'a key without a type': { n: good.jwk.n },
      'a shared secret': { kty: 'oct', k: 'AAAA' },
      'a key for encryption': { ...another.jwk, use: 'enc' },
      'a key for another algorithm': { ...another.jwk, alg: 'PS512' },
      'a key for other operations': { ...another.jwk, key_ops: ['encrypt'] },
      'another good key': another.jwk,
      'no key but null': null,
      'no key but a word': 'key',
      'no key but a list': [],
    };
  };

  describe.each([
    ['neither token nor keys have names', undefined, undefined],
    ['token and keys have the same name', 'k1', 'k1'],
    ['only the token has a name', undefined, 'k1'],
  ])('a good RSA key where %s', (_case, kid, tokenKid) => {
    test('is used beside any odd one, whichever comes first', async () => {
      const good = await signingKey('RS256', kid);
      const { claims, endpoint } = await open(good);
      for (const [name, odd] of Object.entries(await oddKeys(good))) {
        const named = typeof odd === 'object' && odd !== null && !Array.isArray(odd) && kid ? { ...odd, kid } : odd;
        for (const keys of [
          [named, good.jwk],
          [good.jwk, named],
        ]) {
          endpoint.behave(answer(200, { keys }));
          const fresh = jwtJwksVerifier(endpoint.url, testClock(), testClock());
          const token = await good.sign(claims(), tokenKid === undefined ? {} : { kid: tokenKid });
          expect(await fresh.verify(token), name).toEqual(VERIFIED);
          await fresh.close();
        }
      }
    });
  });

  test('a token that a weak or published key has signed is refused', async () => {
    for (const modulusLength of [1024, 2048]) {
      const pair = generateKeyPairSync('rsa', { modulusLength });
      const weak = modulusLength < 2048;
      const jwk = { ...(weak ? pair.publicKey : pair.privateKey).export({ format: 'jwk' }), kid: 'k1' };
      const { verifier, claims, endpoint } = await open();
      endpoint.behave(answer(200, { keys: [jwk] }));
      const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const signed = `${part({ alg: 'RS256', kid: 'k1' })}.${part(claims())}`;
      const signature = sign('sha256', Buffer.from(signed), pair.privateKey).toString('base64url');
      expect(await verifier.verify(`${signed}.${signature}`)).toEqual(INVALID);
    }
  });

  test('asks for a set without compression, and takes none with', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint } = await open(key);
    endpoint.behave(answer(200, { keys: [key.jwk] }, { 'content-encoding': 'gzip' }));
    await expect(verifier.verify(await key.sign(claims()))).rejects.toThrow(DeadlineExceeded);
    endpoint.behave(compressedUnlessRefused({ keys: [key.jwk] }));
    expect(await verifier.verify(await key.sign(claims()))).toEqual(VERIFIED);
  });

  test('a clock that is set back prolongs the trust neither in a verdict nor in a key', async () => {
    const [old, current] = [await signingKey('ES256', 'k1'), await signingKey('ES256', 'k2')];
    const { verifier, claims, serve, clock } = await open(old);
    const token = await old.sign(claims());
    expect(await verifier.verify(token)).toEqual(VERIFIED);
    clock.advance(5 * MINUTE);
    clock.setBack(60 * MINUTE);
    serve(current);
    expect(await verifier.verify(token)).toEqual(INVALID);
  });

  test('keys that can not be read do not spoil those that can', async () => {
    const key = await signingKey('ES256');
    const { verifier, claims, endpoint } = await open(key);
    const broken = { ...key.jwk, x: 'AAAA' };
    endpoint.behave(answer(200, { keys: [{ kty: 'new' }, broken, { kty: 'oct', k: 'AAAA' }, key.jwk] }));
    expect(await verifier.verify(await key.sign(claims()))).toEqual(VERIFIED);
  });

  test('a token that no asymmetric key signed costs no call', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, endpoint } = await open(key);
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const token of ['a.b.c', `${header({ alg: 'HS256' })}.e30.AA`, `${header({ alg: 'none' })}.e30.`]) {
      expect(await verifier.verify(token)).toEqual(INVALID);
    }
    expect(endpoint.seen).toHaveLength(0);
  });

  test('a token that is not strict base64url is refused, and costs no call', async () => {
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

  test('silence ends after 2 s, for all callers that wait', async () => {
    const key = await signingKey('ES256', 'k1');
    const { verifier, claims, endpoint } = await open(key);
    endpoint.behave(() => {});
    const started = performance.now();
    const tokens = await Promise.all(['a', 'b'].map((sub) => key.sign(claims(sub))));
    const results = await Promise.allSettled(tokens.map((token) => verifier.verify(token)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(performance.now() - started).toBeLessThan(6000);
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
