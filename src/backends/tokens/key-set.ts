/** A JSON Web Key Set as it was fetched, and what it says about a token. */
import {
  type CompactVerifyGetKey,
  createLocalJWKSet,
  decodeProtectedHeader,
  errors,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose';
import { verifiedClaims } from './signed-token.ts';

export type KeySetVerdict =
  /** No claims: the key that the token names did not sign it. */
  | { readonly type: 'checked'; readonly claims: Record<string, unknown> | undefined }
  /** None of these keys can say anything about it; a newer set may. */
  | { readonly type: 'noKey' };

export interface KeySet {
  /** @throws for what has no readable header */
  verify(token: string): Promise<KeySetVerdict>;
}

/** @throws jose's JWKSInvalid for anything but a key set */
export function keySet(json: unknown, algorithms: string[]): KeySet {
  const all = createLocalJWKSet(json as JSONWebKeySet);
  const { keys } = json as JSONWebKeySet;
  // An issuer with one key may leave its name out, though its tokens carry one.
  const unnamed = createLocalJWKSet({ keys: keys.filter(({ kid }) => kid === undefined) });

  /** @param settles whether a key of the token's name that did not sign it is the last word */
  async function verify(token: string, find: CompactVerifyGetKey, settles: boolean): Promise<KeySetVerdict> {
    try {
      const claims = await verifiedClaims(token, find, algorithms);
      return claims !== undefined || settles ? { type: 'checked', claims } : { type: 'noKey' };
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(token, error);
      // The set is unusable for this token: no key, or one that can't be imported.
      return { type: 'noKey' };
    }
  }

  async function tryEach(token: string, candidates: errors.JWKSMultipleMatchingKeys): Promise<KeySetVerdict> {
    for await (const key of candidates) {
      const claims = await verifiedClaims(token, key, algorithms);
      if (claims !== undefined) return { type: 'checked', claims };
    }
    return { type: 'noKey' };
  }

  return {
    async verify(token) {
      const { kid } = decodeProtectedHeader(token);
      const verdict = await verify(token, all, kid !== undefined);
      if (verdict.type === 'checked' || kid === undefined) return verdict;
      return verify(token, (header, jws) => unnamed(withoutName(header), jws), false);
    },
  };
}

function withoutName({ kid: _, ...header }: JWSHeaderParameters): JWSHeaderParameters {
  return header;
}
