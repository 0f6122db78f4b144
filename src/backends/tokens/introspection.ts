/** Tokens that an RFC 7662 endpoint knows (`docs/api.md §2 Tokens`). */
import { hash } from 'node:crypto';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import { DeadlineExceeded } from '../../ports/errors.ts';
import type { TokenVerdict, TokenVerifier } from '../../ports/token-verifier.ts';
import { type Reading, readClaims } from './claims.ts';
import { endpoint } from './endpoint.ts';
import { MAX_TOKEN_LENGTH } from './signed-token.ts';
import { verdictCache } from './verdict-cache.ts';

const MAX_AGE_MS = 60_000;

/** @param url with the credentials for the endpoint in its user part, if it wants any */
export function introspectionVerifier(url: string, clock: Clock, monotonic: MonotonicClock): TokenVerifier {
  const { target, authorization } = splitCredentials(url);
  const server = endpoint(target);
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
    ...(authorization && { authorization }),
  };
  const verdicts = verdictCache(clock, monotonic, MAX_AGE_MS);
  /** Checks under way: when one token comes with many requests at once, only the first asks. */
  const asking = new Map<string, Promise<TokenVerdict>>();

  async function check(token: string, key: string): Promise<TokenVerdict> {
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
    const answer = await server.ask({ method: 'POST', headers, body });
    return verdicts.keep(key, readAnswer(answer, clock.now()));
  }

  function checkOnce(token: string, key: string): Promise<TokenVerdict> {
    const running = asking.get(key);
    if (running !== undefined) return running;
    const checking = check(token, key).finally(() => asking.delete(key));
    asking.set(key, checking);
    return checking;
  }

  return {
    verify(token) {
      if (token === '' || token.length > MAX_TOKEN_LENGTH) return Promise.resolve({ type: 'invalid' });
      // An opaque token is a credential while it is valid, so only its hash is kept.
      const key = hash('sha256', token, 'base64');
      return verdicts.get(key) ?? checkOnce(token, key);
    },
    close: () => server.close(),
  };
}

function splitCredentials(url: string): { target: string; authorization: string | undefined } {
  const target = new URL(url);
  const user = decodeURIComponent(target.username);
  const password = decodeURIComponent(target.password);
  target.username = '';
  target.password = '';
  const basic = Buffer.from(`${user}:${password}`).toString('base64');
  return { target: target.href, authorization: user === '' && password === '' ? undefined : `Basic ${basic}` };
}

/** An answer outside RFC 7662 says nothing about the token. @throws DeadlineExceeded */
function readAnswer(answer: unknown, now: number): Reading {
  if (typeof answer !== 'object' || answer === null || !('active' in answer) || typeof answer.active !== 'boolean') {
    throw new DeadlineExceeded('the introspection endpoint does not say whether the token is active');
  }
  if (!answer.active) return { verdict: { type: 'invalid' } };
  // Many servers send `null` for a claim that they don't have.
  const claims = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null));
  return readClaims(claims, now, { expRequired: false });
}
