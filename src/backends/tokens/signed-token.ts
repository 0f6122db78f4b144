/** Reads JWTs: signature first, then claims, by our own clock. */
import { type CompactVerifyGetKey, type CryptoKey, compactVerify, errors, type KeyObject } from 'jose';
import { type Reading, readClaims } from './claims.ts';

/** Longer ones are not looked at. */
export const MAX_TOKEN_LENGTH = 8192;

/**
 * Whether it is written as a JWT is: three parts, each base64url and nothing else. A decoder is lenient (padding, white
 * space, the other alphabet, bits that mean nothing), so one token could be written in many ways. A payload that is not
 * encoded (RFC 7797, forbidden in a JWT) does not pass either: base64url has no letters for a JSON object.
 */
export function isCompact(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false;
  const parts = token.split('.', 4);
  return parts.length === 3 && parts.every(isBase64Url);
}

function isBase64Url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

type Key = CryptoKey | KeyObject | Uint8Array;

/**
 * @param token one that `isCompact`
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
    return parseClaims(verified.payload);
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

/** A BOM is kept, and so is no JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseClaims(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(utf8.decode(payload));
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch {}
  return undefined;
}
