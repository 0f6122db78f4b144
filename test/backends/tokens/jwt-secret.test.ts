import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { jwtSecretVerifier } from '../../../src/backends/tokens/jwt-secret.ts';
import { lenientSpellings, seconds, signingKey, testClock } from './support.ts';

const SECRET = 'k'.repeat(32);

function open(secret = SECRET) {
  const clock = testClock();
  const verifier = jwtSecretVerifier(secret, clock, clock);
  onTestFinished(() => verifier.close());
  const claims = { sub: 'u1', exp: seconds(clock) + 60 };
  return { clock, verifier, claims };
}

const part = (value: string | object): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

function signed(text: string, secret = SECRET): string {
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** A token with any header, signed for real. */
function compact(header: object, payload: string | object, secret = SECRET): string {
  return signed(`${part(header)}.${part(payload)}`, secret);
}

describe('a JWT by secret', () => {
  test('its key is the UTF-8 bytes of the secret', async () => {
    const { verifier, claims } = open('密钥'.repeat(6));
    const verdict = await verifier.verify(compact({ alg: 'HS256' }, claims, '密钥'.repeat(6)));
    expect(verdict).toEqual({ type: 'verified', token: { userId: 'u1' } });
  });

  test('another secret is refused, also where the token has expired', async () => {
    const { verifier, claims } = open();
    expect(await verifier.verify(compact({ alg: 'HS256' }, claims, 'x'.repeat(32)))).toEqual({ type: 'invalid' });
    const old = { ...claims, exp: claims.exp - 3600 };
    expect(await verifier.verify(compact({ alg: 'HS256' }, old, 'x'.repeat(32)))).toEqual({ type: 'invalid' });
    expect(await verifier.verify(compact({ alg: 'HS256' }, old))).toEqual({ type: 'expired' });
  });

  test('no exp is no token', async () => {
    const { verifier } = open();
    expect(await verifier.verify(compact({ alg: 'HS256' }, { sub: 'u1' }))).toEqual({ type: 'invalid' });
    expect(await verifier.verify(compact({ alg: 'HS256' }, { sub: 'u1', exp: null }))).toEqual({ type: 'invalid' });
  });

  test('no other algorithm will do', async () => {
    const { verifier, claims } = open();
    const strong = await new SignJWT(claims).setProtectedHeader({ alg: 'HS512' }).sign(Buffer.from('k'.repeat(64)));
    const asymmetric = await (await signingKey('ES256')).sign(claims);
    const unsigned = compact({ alg: 'none' }, claims).replace(/[^.]*$/, '');
    for (const token of [strong, asymmetric, unsigned, compact({ alg: 'none' }, claims), compact({}, claims)]) {
      expect(await verifier.verify(token)).toEqual({ type: 'invalid' });
    }
  });

  test.each([
    ['no JSON', 'sub=u1'],
    ['JSON behind a BOM', '\ufeff{"sub":"u1","exp":1900000000}'],
    ['a list', '["u1"]'],
    ['null', 'null'],
    ['a user that is half a character', '{"sub":"\\ud83d","exp":1900000000}'],
    ['an end beyond all numbers', '{"sub":"u1","exp":1e999}'],
  ])('a payload that is %s is refused', async (_name, payload) => {
    expect(await open().verifier.verify(compact({ alg: 'HS256' }, payload))).toEqual({ type: 'invalid' });
  });

  test('an extension that must be understood and is not, or an unencoded payload, is refused', async () => {
    const { verifier, claims } = open();
    const unknown = compact({ alg: 'HS256', crit: ['x'], x: 1 }, claims);
    const header = { alg: 'HS256', crit: ['b64'], b64: false };
    const unencoded = signed(`${part(header)}.${JSON.stringify(claims)}`);
    expect(await verifier.verify(unknown)).toEqual({ type: 'invalid' });
    expect(await verifier.verify(unencoded)).toEqual({ type: 'invalid' });
  });

  test('a token that is not written in strict base64url is refused, also after the good one was seen', async () => {
    const { verifier, claims } = open();
    // Any signature will do that has letters of its own alphabet in it.
    const users = Array.from({ length: 50 }, (_, n) => compact({ alg: 'HS256' }, { ...claims, sub: `u${n}` }));
    const token = users.find((candidate) => /[-_][^.]*$/.test(candidate)) ?? '';
    expect((await verifier.verify(token)).type).toBe('verified');
    for (const [name, spelling] of Object.entries(lenientSpellings(token))) {
      expect(spelling, name).not.toBe(token);
      expect(await verifier.verify(spelling), name).toEqual({ type: 'invalid' });
    }
  });

  test('padding and spaces are refused also where they were signed', async () => {
    const { verifier, claims } = open();
    const [header, payload] = [part({ alg: 'HS256' }), part(claims)];
    expect((await verifier.verify(signed(`${header}.${payload}`))).type).toBe('verified');
    for (const text of [
      `${header}=.${payload}`,
      `${header}.${payload}=`,
      `${header}.${payload} `,
      `${header} .${payload}`,
    ])
      expect(await verifier.verify(signed(text)), text).toEqual({ type: 'invalid' });
  });

  test('a token changed in one place is refused, also after the good one was seen', async () => {
    const { verifier, claims } = open();
    const token = compact({ alg: 'HS256' }, claims);
    expect((await verifier.verify(token)).type).toBe('verified');
    const [header, , signature] = token.split('.');
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'u2' })).toString('base64url');
    expect(await verifier.verify(`${header}.${other}.${signature}`)).toEqual({ type: 'invalid' });
    expect(await verifier.verify(`${token}A`)).toEqual({ type: 'invalid' });
  });
});
