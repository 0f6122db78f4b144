/** Reads the claims of a genuine token (`docs/api.md §2 Tokens`). */
import type { TokenVerdict } from '../../ports/token-verifier.ts';

export interface Reading {
  readonly verdict: TokenVerdict;
  /** ms since 1970; only of a verified token with an `exp`. */
  readonly expiresAt?: number | undefined;
}

const INVALID: Reading = { verdict: { type: 'invalid' } };

/** @param now ms since 1970 */
export function readClaims(claims: Record<string, unknown>, now: number, options: { expRequired: boolean }): Reading {
  const { sub, exp, nbf } = claims;
  const clientId = claims.client_id ?? '';
  if (typeof sub !== 'string' || sub === '' || !sub.isWellFormed()) return INVALID;
  if (exp === undefined ? options.expRequired : !Number.isFinite(exp)) return INVALID;
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf * 1000 <= now)) return INVALID;
  if (typeof clientId !== 'string') return INVALID;
  const expiresAt = typeof exp === 'number' ? exp * 1000 : undefined;
  if (expiresAt !== undefined && expiresAt <= now) return { verdict: { type: 'expired' } };
  const token = clientId === '' ? { userId: sub } : { userId: sub, clientId };
  return { verdict: { type: 'verified', token }, expiresAt };
}
