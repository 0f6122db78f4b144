/** Tokens that are JWTs signed with a shared secret, HS256 and nothing else (`docs/api.md §2 Tokens`). */
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { TokenVerdict, TokenVerifier } from '../../ports/token-verifier.ts';
import { isCompact, readJwt, verifiedClaims } from './signed-token.ts';
import { verdictCache } from './verdict-cache.ts';

const ALGORITHMS = ['HS256'];

/** @param secret at least 32 bytes; its UTF-8 bytes are the key */
export function jwtSecretVerifier(secret: string, clock: Clock, monotonic: MonotonicClock): TokenVerifier {
  const key = crypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  // The secret never changes, so a good token stays good until it expires.
  const verdicts = verdictCache(clock, monotonic, Number.POSITIVE_INFINITY);

  async function check(token: string): Promise<TokenVerdict> {
    const claims = await verifiedClaims(token, await key, ALGORITHMS);
    return verdicts.keep(token, readJwt(claims, clock.now()));
  }
  return {
    verify: (token) => verdicts.get(token) ?? (isCompact(token) ? check(token) : Promise.resolve({ type: 'invalid' })),
    close: async () => {},
  };
}
