/** The declaration of an endpoint, and the checks of every request to one, in the order of `docs/api.md §2`. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { CommandOutcome, RequestIdentity } from '../../commands/remembered.ts';
import type { Position } from '../../domain/position.ts';
import { type RefusalCode, type Rejection, reject } from '../../domain/result-codes.ts';
import { type AccessLine, noteIds } from '../http/access-log.ts';
import { type Body, parseBody, readBytes } from '../http/body.ts';
import type { Refusal } from '../http/envelope.ts';
import { checkHeaders, readHeaders } from '../http/headers.ts';
import type { Services } from '../http/services.ts';
import { authenticateApp, authenticateUser } from './authenticate.ts';
import type { Call, CallerKind, Read } from './call.ts';
import { identityOf, onceOnly } from './idempotency.ts';
import { type Input, parseParameters, withStandIn } from './parameters.ts';

interface EndpointBase<P, D> extends Input<P> {
  /** The last part of its path. */
  readonly name: string;
  /** Its list in `docs/api.md`. It answers only the parameter codes that are in it. */
  readonly codes: readonly RefusalCode[];
  /** `required`: every request needs a user. `optional`: the endpoint decides by the state that it finds. */
  readonly token: 'required' | 'optional';
  /** `optional`: it has no parameters, so no body and `""` are fine too. */
  readonly input?: 'optional';
  /**
   * Complete schema of the answer's `data`, from which the serialiser is made. Without unions, with which that is slow.
   */
  readonly data: z.ZodType<D>;
}

/** An endpoint that changes nothing. Its requests are not remembered and get no earlier answer. */
export interface ReadEndpoint<P, D> extends EndpointBase<P, D> {
  readonly type: 'read';
  run(services: Services, call: Call<D>, parameters: P): Promise<Read>;
}

/** An endpoint that has an effect. A repeated request gets the earlier answer. */
export interface EffectEndpoint<P, D> extends EndpointBase<P, D> {
  readonly type: 'effect';
  run(services: Services, call: Call<D>, parameters: P, identity: RequestIdentity | undefined): Promise<CommandOutcome>;
  /** Called before an answer goes out, also a repeated one: makes reads that follow see the effect. */
  beforeAnswer(services: Services, call: Call, parameters: P, done: Done): Promise<void> | void;
}

export interface Done {
  readonly answer: string;
  readonly position: Position;
}

export type Endpoint<P, D> = ReadEndpoint<P, D> | EffectEndpoint<P, D>;

/** One request as the server hands it over. */
export interface Exchange<D> {
  readonly raw: IncomingMessage;
  readonly path: string;
  readonly line: AccessLine;
  readonly answer: (data: D) => string;
  readonly outside: Call['outside'];
}

/** The envelope of a success as text, a refusal, or `undefined` if the client went away. */
export type Served = { readonly type: 'done'; readonly answer: string } | Refusal | undefined;

/** @throws unforeseen errors, StoreUnavailable, DeadlineExceeded */
export async function serve<P, D>(
  services: Services,
  endpoint: Endpoint<P, D>,
  caller: CallerKind,
  exchange: Exchange<D>,
): Promise<Served> {
  const { admission } = services;
  const { raw, line } = exchange;
  const headers = readHeaders(raw.headers);
  noteIds(line, headers, { clientId: caller === 'terminal' });
  const body = await readBody(services, endpoint, raw);
  if (body?.type !== 'body') return body;
  if (!admission.bodyArrived(raw)) return reject('A00001');
  const identified = await identify(services, endpoint, caller, { ...exchange, headers, body });
  const served = identified.type === 'rejected' ? identified : await runChecked(services, endpoint, identified.call);
  return served.type === 'rejected' ? withStandIn(served, endpoint.codes) : served;
}

async function readBody<P, D>(
  { deps, admission, unfinished }: Services,
  endpoint: Endpoint<P, D>,
  raw: IncomingMessage,
): Promise<Body | Refusal | undefined> {
  const bytes = await readBytes(raw, {
    maxBytes: deps.limits.maxBodyBytes,
    unfinished,
    onReading: (makeWay) => admission.reading(raw, makeWay),
  });
  if (bytes === undefined || 'type' in bytes) return bytes;
  return parseBody(bytes, raw.headers['content-type'], { input: endpoint.input ?? 'object' });
}

/** App, signature, permission, headers, token. */
async function identify<P, D>(
  { deps }: Services,
  endpoint: Endpoint<P, D>,
  caller: CallerKind,
  { path, line, answer, outside, headers, body }: Exchange<D> & Pick<Call, 'headers' | 'body'>,
): Promise<{ readonly type: 'call'; readonly call: Call<D> } | Rejection> {
  const now = deps.clock.now();
  const authenticated = authenticateApp(deps, { path, signed: body.signed, headers, now }, caller);
  if (authenticated.type === 'rejected') return authenticated;
  const isTerminal = caller === 'terminal';
  const refused = checkHeaders(headers, { clientId: isTerminal });
  if (refused !== undefined) return refused;
  // A cloud caller has neither client nor user: its headers of that name are ignored.
  const clientId = (isTerminal && headers.clientId) || '';
  const verified = isTerminal
    ? await outside(authenticateUser(deps.tokens, headers.accessToken, clientId, endpoint.token))
    : noUser;
  if (verified.type === 'rejected') return verified;
  const { app } = authenticated;
  const { user } = verified;
  line.userId = user?.userId;
  return { type: 'call', call: { path, headers, body, app, caller, clientId, user, now, line, answer, outside } };
}

const noUser = { type: 'user', user: undefined } as const;

async function runChecked<P, D>(services: Services, endpoint: Endpoint<P, D>, call: Call<D>): Promise<Read> {
  const parsed = parseParameters(endpoint, call.body.value, call.clientId);
  if (parsed.type === 'rejected') return parsed;
  const parameters = parsed.value;
  if (endpoint.type === 'read') return endpoint.run(services, call, parameters);

  const identity = identityOf(call);
  const done = await onceOnly(services.deps.log, identity, () => endpoint.run(services, call, parameters, identity));
  if (done.type === 'done')
    await endpoint.beforeAnswer(services, call, parameters, { answer: done.answer, position: done.position });
  return done;
}
