/** Identifies the caller: the app by its signature, its permission, the user by the token (`docs/api.md §2`). */
import type { App } from '../../domain/apps.ts';
import { type Rejection, reject } from '../../domain/result-codes.ts';
import type { TokenVerifier, VerifiedToken } from '../../ports/token-verifier.ts';
import type { ApiDeps } from '../http/deps.ts';
import type { RequestHeaders } from '../http/headers.ts';
import { isSignedBy } from '../http/signature.ts';
import type { CallerKind } from './call.ts';

export interface SignedRequest {
  readonly path: string;
  /** The part of the body that is signed. */
  readonly signed: string;
  readonly headers: RequestHeaders;
  readonly now: number;
}

/** @returns the app; or C00001 (no such app), D00001 (signature or timestamp), C00003 (not for this kind of app) */
export function authenticateApp(
  { apps, limits }: Pick<ApiDeps, 'apps' | 'limits'>,
  request: SignedRequest,
  allowed: CallerKind,
): { readonly type: 'app'; readonly app: App } | Rejection {
  const { appId, timestamp, sign } = request.headers;
  const app = appId === undefined ? undefined : apps.app(appId);
  if (app === undefined) return reject('C00001', appId === undefined ? 'appId' : undefined);
  if (timestamp === undefined || !/^[0-9]{1,16}$/.test(timestamp)) return reject('D00001', 'timestamp');
  if (sign === undefined) return reject('D00001', 'sign');
  const parts = { path: request.path, body: request.signed, appId: app.appId, appKey: app.appKey, timestamp };
  if (!isSignedBy(parts, sign)) return reject('D00001');
  if (Math.abs(Number(timestamp) - request.now) > limits.maxSkewMs) return reject('D00001', 'timestamp');
  return app.kind === allowed ? { type: 'app', app } : reject('C00003');
}

/**
 * @param clientId value of the header; a token that was issued to another client is refused with D00008
 * @returns the user, or none if no token was given and none is needed
 */
export async function authenticateUser(
  tokens: TokenVerifier,
  accessToken: string | undefined,
  clientId: string,
  need: 'required' | 'optional',
): Promise<{ readonly type: 'user'; readonly user: VerifiedToken | undefined } | Rejection> {
  if (accessToken === undefined) return need === 'required' ? reject('D00003') : { type: 'user', user: undefined };
  const verdict = await tokens.verify(accessToken);
  switch (verdict.type) {
    case 'invalid':
      return reject('D00003');
    case 'expired':
      return reject('D00004');
    case 'verified': {
      const user = verdict.token;
      if (!user.userId.isWellFormed()) return reject('D00003');
      if (user.clientId !== undefined && user.clientId !== clientId) return reject('D00008');
      return { type: 'user', user };
    }
  }
}
