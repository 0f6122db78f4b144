import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readClaims } from '../../../src/backends/tokens/claims.ts';
import { jwtSecretVerifier } from '../../../src/backends/tokens/jwt-secret.ts';
import { mintToken } from '../../../src/client/client.ts';
import { systemClock, systemMonotonic } from '../../../src/ports/clock.ts';

const NOW = 1_800_000_000_000;
const SECRET = 's'.repeat(32);
const verifier = jwtSecretVerifier(SECRET, systemClock, systemMonotonic);
afterAll(() => verifier.close());

const claims = fc.record(
  {
    sub: fc.oneof(fc.string(), fc.jsonValue()),
    exp: fc.oneof(fc.integer(), fc.constant(NOW / 1000 + 1), fc.jsonValue()),
    nbf: fc.oneof(fc.integer(), fc.jsonValue()),
    client_id: fc.oneof(fc.string(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);

test('with any claims, only a token with a user and an end in the future is verified', () => {
  fc.assert(
    fc.property(claims, fc.boolean(), (said, expRequired) => {
      const { verdict, expiresAt } = readClaims(said, NOW, { expRequired });
      if (verdict.type !== 'verified') return;
      expect(verdict.token.userId).toBe(said.sub);
      expect(said.sub).not.toBe('');
      if (expiresAt === undefined) expect([expRequired, said.exp]).toEqual([false, undefined]);
      else expect(expiresAt).toBeGreaterThan(NOW);
      expect(verdict.token.clientId ?? '').toBe(said.client_id ?? '');
    }),
    { numRuns: 500 },
  );
});

test('no text but a signed one is verified, and none throws', async () => {
  const part = fc.oneof(
    fc.base64String().map((text) => text.replaceAll('=', '')),
    fc.jsonValue().map((json) => Buffer.from(JSON.stringify(json)).toString('base64url')),
    fc.constant(Buffer.from('{"alg":"HS256"}').toString('base64url')),
  );
  const token = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  );
  await fc.assert(
    fc.asyncProperty(token, async (text) => {
      expect(await verifier.verify(text)).toEqual({ type: 'invalid' });
    }),
    { numRuns: 150 },
  );
});

test('a minted token is verified, and no longer when one character is another', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.nat(), fc.string({ minLength: 1 }), async (user, at, other) => {
      const token = await mintToken(SECRET, user);
      expect(await verifier.verify(token)).toEqual({ type: 'verified', token: { userId: user } });
      const index = at % token.length;
      fc.pre(other[0] !== token[index]);
      const changed = `${token.slice(0, index)}${other[0]}${token.slice(index + 1)}`;
      expect(await verifier.verify(changed)).toEqual({ type: 'invalid' });
    }),
  );
});
