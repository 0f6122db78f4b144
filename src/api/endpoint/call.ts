/** A request whose caller is known, and the outcome of a read. */
import type { App } from '../../domain/apps.ts';
import type { Actor } from '../../domain/events.ts';
import type { Rejection } from '../../domain/result-codes.ts';
import type { VerifiedToken } from '../../ports/token-verifier.ts';
import type { AccessLine } from '../http/access-log.ts';
import type { Body } from '../http/body.ts';
import type { RequestHeaders } from '../http/headers.ts';

/**
 * The caller of a route prefix (`docs/api.md §1`): a terminal under `/ums/v2`, an application server under `/umse/v2`.
 */
export type CallerKind = App['kind'];

/** A request whose caller is known, as an endpoint gets it. `D` is the data of the answer. */
export interface Call<D = never> {
  /** Without the query string. */
  readonly path: string;
  readonly headers: RequestHeaders;
  readonly body: Body;
  readonly app: App;
  readonly caller: CallerKind;
  /** The header's; empty for a cloud caller. */
  readonly clientId: string;
  /** Of the token, if there was one. */
  readonly user: VerifiedToken | undefined;
  /** Time at which work on the request began, in ms since 1970. */
  readonly now: number;
  /** Its line in the access log; an endpoint adds the msgId. */
  readonly line: AccessLine;
  /** The envelope of a success with this `data`, as JSON text. */
  readonly answer: (data: D) => string;
  /** Waits for work that may be done elsewhere. After a while the waiting request takes no place (`admission.ts`). */
  readonly outside: <T>(waiting: Promise<T>) => Promise<T>;
}

/** The outcome of a read. */
export type Read = { readonly type: 'done'; readonly answer: string } | Rejection;

export function actorOf({ caller, app, clientId, user }: Pick<Call, 'caller' | 'app' | 'clientId' | 'user'>): Actor {
  if (caller === 'cloud') return { kind: 'cloud', appId: app.appId };
  return { kind: 'terminal', appId: app.appId, userId: user?.userId, clientId };
}
