/** A JSON Web Key Set as it was fetched, and its verdict on a token. */
import { createLocalJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, type JWK } from 'jose';
import { verifiedClaims } from './signed-token.ts';

export type KeySetVerdict =
  /** No claims: the key that the token names did not sign it. */
  | { readonly type: 'checked'; readonly claims: Record<string, unknown> | undefined }
  /** None of these keys can say anything about the token; a newer set may. */
  | { readonly type: 'noKey' };

export interface KeySet {
  /** @throws for a token without a readable header */
  verify(token: string): Promise<KeySetVerdict>;
}

/** One key. jose checks `use`, `alg`, `key_ops` and the curve when it imports the key. */
interface Entry {
  readonly kid: unknown;
  /** Imports the key once. @throws for a key that is broken, or that does not fit the token's algorithm */
  readonly load: ReturnType<typeof createLocalJWKSet>;
}

/**
 * Keys that can't be used are left out, as RFC 7517 §5 says: an issuer's one odd key must not spoil the others.
 * @throws jose's JWKSInvalid for anything but a key set
 */
export function keySet(json: unknown, algorithms: string[]): KeySet {
  const entries = keysOf(json).flatMap(entryOf);
  // An issuer with one key may leave its name out, though its tokens carry one.
  const unnamed = entries.filter(({ kid }) => kid === undefined);

  return {
    async verify(token) {
      const { alg, kid } = decodeProtectedHeader(token);
      const tryKeys = (candidates: readonly Entry[]) => signer(token, alg, candidates, algorithms);
      if (kid === undefined) return orNoKey(await tryKeys(entries));
      const named = await tryKeys(entries.filter((entry) => entry.kid === kid));
      // A usable key of the token's name has the last word.
      if (named.type === 'checked') return named;
      return orNoKey(await tryKeys(unnamed));
    },
  };
}

/** Where no name was given, another key of the issuer's may have signed. */
function orNoKey(verdict: KeySetVerdict): KeySetVerdict {
  return verdict.type === 'checked' && verdict.claims !== undefined ? verdict : { type: 'noKey' };
}

/** @returns `noKey` if none of the candidates is usable for this token */
async function signer(
  token: string,
  alg: string | undefined,
  candidates: readonly Entry[],
  algorithms: string[],
): Promise<KeySetVerdict> {
  let verdict: KeySetVerdict = { type: 'noKey' };
  for (const { load } of candidates) {
    try {
      const claims = await verifiedClaims(token, await load({ ...(alg !== undefined && { alg }) }), algorithms);
      if (claims !== undefined) return { type: 'checked', claims };
      verdict = { type: 'checked', claims: undefined };
    } catch {
      // jose finds a key broken or too weak only when it uses it, and throws a TypeError then.
    }
  }
  return verdict;
}

function keysOf(json: unknown): readonly unknown[] {
  const keys = typeof json === 'object' && json !== null && 'keys' in json ? json.keys : undefined;
  if (!Array.isArray(keys)) throw new errors.JWKSInvalid('JSON Web Key Set malformed');
  return keys;
}

/** A private key or a shared secret that was published can be anybody's, so nothing that it signed is believed. */
function entryOf(jwk: unknown): Entry[] {
  if (typeof jwk !== 'object' || jwk === null || 'd' in jwk || 'k' in jwk) return [];
  try {
    const set: JSONWebKeySet = { keys: [jwk as JWK] };
    return [{ kid: (jwk as JWK).kid, load: createLocalJWKSet(set) }];
  } catch {
    return [];
  }
}
