/** Reads JWTs: signature first, then claims, by our own clock. */
import { type CryptoKey, compactVerify, errors, type KeyObject } from 'jose';
import { type Reading, readClaims } from './claims.ts';

/** Longer tokens are refused unread. */
export const MAX_TOKEN_LENGTH = 8192;

/**
 * Whether a token is written as a JWT: three parts of strict base64url. A decoder is lenient (padding, white space, the
 * other alphabet, spare bits), so one token could have many spellings. A payload without encoding (RFC 7797, forbidden
 * in a JWT) does not pass either, since base64url has no characters for a JSON object.
 */
export function isCompact(token: string): boolean {
  if (token.length > MAX_TOKEN_LENGTH) return false;
  const parts = token.split('.', 4);
  return parts.length === 3 && parts.every(isBase64Url);
}

function isBase64Url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

/**
 * @param token one that `isCompact`
 * @returns the claims of a token that the key has signed; `undefined` if it has not, or if it is no JWT
 * @throws for a key that can't be used with the token's algorithm
 */
export async function verifiedClaims(
  token: string,
  key: CryptoKey | KeyObject | Uint8Array,
  algorithms: string[],
): Promise<Record<string, unknown> | undefined> {
  try {
    const verified = await compactVerify(token, key, { algorithms });
    return parseClaims(verified.payload);
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** @param now ms since 1970 */
export function readJwt(claims: Record<string, unknown> | undefined, now: number): Reading {
  return claims === undefined ? { verdict: { type: 'invalid' } } : readClaims(claims, now, { expRequired: true });
}

/** Keeps a BOM, so that a payload with one is refused as malformed JSON. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseClaims(payload: Uint8Array): Record<string, unknown> | undefined {
  try {
    const claims: unknown = JSON.parse(utf8.decode(payload));
    if (typeof claims === 'object' && claims !== null && !Array.isArray(claims)) return { ...claims };
  } catch {}
  return undefined;
}
