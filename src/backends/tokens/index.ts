/** The three ways to verify an access token. */
import { assertNever } from '../../domain/decider.ts';
import { type Clock, type MonotonicClock, systemMonotonic } from '../../ports/clock.ts';
import type { TokenVerifier } from '../../ports/token-verifier.ts';
import { introspectionVerifier } from './introspection.ts';
import { jwtJwksVerifier } from './jwt-jwks.ts';
import { jwtSecretVerifier } from './jwt-secret.ts';

export type TokenVerifierSetting =
  | { readonly type: 'secret'; readonly secret: string }
  | { readonly type: 'jwks'; readonly url: string }
  | { readonly type: 'introspection'; readonly url: string };

export function createTokenVerifier(
  setting: TokenVerifierSetting,
  clock: Clock,
  monotonic: MonotonicClock = systemMonotonic,
): TokenVerifier {
  switch (setting.type) {
    case 'secret':
      return jwtSecretVerifier(setting.secret, clock, monotonic);
    case 'jwks':
      return jwtJwksVerifier(setting.url, clock, monotonic);
    case 'introspection':
      return introspectionVerifier(setting.url, clock, monotonic);
    default:
      return assertNever(setting);
  }
}
