/** Reads JWTs: signature first, then claims, by our own clock. */
import { type CompactVerifyGetKey, type CryptoKey, compactVerify, errors, type KeyObject } from 'jose';
import { type Reading, readClaims } from './claims.ts';

/** Longer ones are not looked at. */
export const MAX_TOKEN_LENGTH = 8192;

type Key = CryptoKey | KeyObject | Uint8Array;

/**
 * @returns the claims of a token that the key has signed; `undefined` if it has not, or if it is no JWT
 * @throws only what `getKey` throws beside jose's own errors
 */
export async function verifiedClaims(
  token: string,
  key: Key | CompactVerifyGetKey,
  algorithms: string[],
): Promise<Record<string, unknown> | undefined> {
  try {
    const options = { algorithms };
    // Two calls, for jose declares two overloads.
    const verified =
      typeof key === 'function' ? await compactVerify(token, key, options) : await compactVerify(token, key, options);
    // RFC 7797 forbids it in a JWT.
    return verified.protectedHeader.b64 === false ? undefined : parseClaims(verified.payload);
  } catch (error) {
    if (error instanceof errors.JOSEError && !isKeySetError(error)) return undefined;
    throw error;
  }
}

/** These say something about the keys, not about the token. */
function isKeySetError(error: errors.JOSEError): boolean {
  return error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys;
}

/** @param now ms since 1970 */
export function readJwt(claims: Record<string, unknown> | undefined, now: number): Reading {
  return claims === undefined ? { verdict: { type: 'invalid' } } : readClaims(claims, now, { expRequired: true });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseClaims(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(utf8.decode(payload));
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch {}
  return undefined;
}
