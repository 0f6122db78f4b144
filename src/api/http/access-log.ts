/** Exactly one line for each request, with its ids; never its content, tokens or keys. */
import type { IncomingMessage } from 'node:http';
import type { Logger } from '../../ports/logger.ts';
import type { Answer } from './envelope.ts';
import type { RequestHeaders } from './headers.ts';
import { pathOf } from './path.ts';

/** Filled in as the request is understood. */
export interface AccessLine {
  readonly method: string | undefined;
  /** Without the query string. */
  readonly path: string | undefined;
  /** `performance.now()` */
  readonly startedAt: number;
  appId?: string | undefined;
  clientId?: string | undefined;
  userId?: string | undefined;
  sequenceId?: string | undefined;
  msgId?: string | undefined;
}

/** @param request absent if too little of it arrived */
export function accessLine(request: IncomingMessage | undefined): AccessLine {
  const { method, url } = request ?? {};
  return { method, path: url === undefined ? undefined : pathOf(url), startedAt: performance.now() };
}

/** Notes the ids as the request claims them, so that a refused request can be found by them too. */
export function noteIds(
  line: AccessLine,
  { appId, clientId, sequenceId }: RequestHeaders,
  options: { readonly clientId: boolean },
): void {
  line.appId = appId;
  line.clientId = options.clientId ? clientId : undefined;
  line.sequenceId = sequenceId;
}

export function logAccess(
  logger: Logger,
  line: AccessLine,
  { status, retCode }: Pick<Answer, 'status' | 'retCode'>,
): void {
  const ms = Math.round((performance.now() - line.startedAt) * 10) / 10;
  logger.info({ ...idsOf(line), status, retCode, ms }, 'request');
}

/** The fields of a log line that identify its request. */
export function idsOf({ method, path, appId, clientId, userId, sequenceId, msgId }: AccessLine) {
  return { method, path, appId, clientId, userId, sequenceId, msgId };
}
