import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { createTokenVerifier } from '../../src/backends/tokens/index.ts';
import { answer, seconds, signingKey, testClock, testEndpoint } from '../backends/tokens/support.ts';
import { tokenVerifierContract } from './token-verifier.ts';

const SECRET = 'a secret of at least 32 bytes, 密钥';

tokenVerifierContract('a secret', async () => {
  const clock = testClock();
  const verifier = createTokenVerifier({ type: 'secret', secret: SECRET }, clock, clock);
  return {
    verifier,
    now: () => seconds(clock),
    advance: (by) => clock.advance(by * 1000),
    issue: (claims) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(SECRET)),
    close: () => verifier.close(),
  };
});

tokenVerifierContract('a key set', async () => {
  const clock = testClock();
  const key = await signingKey('ES256', 'k1');
  const endpoint = await testEndpoint();
  endpoint.behave(answer(200, { keys: [key.jwk] }));
  const verifier = createTokenVerifier({ type: 'jwks', url: `${endpoint.url}/jwks` }, clock, clock);
  return {
    verifier,
    now: () => seconds(clock),
    advance: (by) => clock.advance(by * 1000),
    issue: (claims) => key.sign(claims),
    async close() {
      await verifier.close();
      await endpoint.close();
    },
  };
});

tokenVerifierContract('introspection', async () => {
  const clock = testClock();
  const issued = new Map<string, Record<string, unknown>>();
  const endpoint = await testEndpoint();
  endpoint.behave((request, response) => {
    const claims = issued.get(new URLSearchParams(request.body).get('token') ?? '');
    answer(200, claims === undefined ? { active: false } : { active: true, ...claims })(request, response);
  });
  const verifier = createTokenVerifier({ type: 'introspection', url: `${endpoint.url}/introspect` }, clock, clock);
  return {
    verifier,
    now: () => seconds(clock),
    advance: (by) => clock.advance(by * 1000),
    async issue(claims) {
      const token = `${randomUUID()}${'padding' in claims ? claims.padding : ''}`;
      issued.set(token, claims);
      return token;
    },
    async close() {
      await verifier.close();
      await endpoint.close();
    },
  };
});
