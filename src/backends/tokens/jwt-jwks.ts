/** Tokens that are JWTs signed by one of the keys of a JWKS URL (`docs/api.md §2 Tokens`). */
import { decodeProtectedHeader } from 'jose';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { TokenVerdict, TokenVerifier } from '../../ports/token-verifier.ts';
import { type JwksKeys, jwksKeys } from './jwks-keys.ts';
import { isCompact, readJwt } from './signed-token.ts';
import { verdictCache } from './verdict-cache.ts';

/** How long a verdict outlives a key that its issuer has withdrawn. */
const MAX_AGE_MS = 60_000;

const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

export function jwtJwksVerifier(url: string, clock: Clock, monotonic: MonotonicClock): TokenVerifier {
  const keys = jwksKeys(url, ALGORITHMS, monotonic);
  const verdicts = verdictCache(clock, monotonic, MAX_AGE_MS);

  async function check(token: string): Promise<TokenVerdict> {
    const claims = await claimsOf(token, keys);
    return verdicts.keep(token, readJwt(claims, clock.now()));
  }
  return {
    verify: (token) =>
      verdicts.get(token) ?? (isCandidate(token) ? check(token) : Promise.resolve({ type: 'invalid' })),
    close: () => keys.close(),
  };
}

/** Refuses a text that can't be a token of this issuer before the key set is fetched for it. */
function isCandidate(token: string): boolean {
  if (!isCompact(token)) return false;
  try {
    const { alg } = decodeProtectedHeader(token);
    return alg !== undefined && ALGORITHMS.includes(alg);
  } catch {
    return false;
  }
}

/** Tries the keys at hand; where none fits, the keys that the endpoint offers now. */
async function claimsOf(token: string, source: JwksKeys): Promise<Record<string, unknown> | undefined> {
  const { keys, asked } = await source.current();
  const first = await keys.verify(token);
  if (first.type === 'checked') return first.claims;
  const newer = await source.newer(asked);
  const second = await newer?.verify(token);
  return second?.type === 'checked' ? second.claims : undefined;
}
