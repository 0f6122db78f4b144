/** Exactly one line a request, with its ids; never its content, tokens or keys. */
import type { Logger } from 'pino';
import type { Answer } from './envelope.ts';

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

export function accessLine(method: string | undefined, path: string | undefined): AccessLine {
  return { method, path, startedAt: performance.now() };
}

export function logAccess(
  logger: Logger,
  line: AccessLine,
  { status, retCode }: Pick<Answer, 'status' | 'retCode'>,
): void {
  const ms = Math.round((performance.now() - line.startedAt) * 10) / 10;
  logger.info({ ...idsOf(line), status, retCode, ms }, 'request');
}

/** What tells which request a line of the log is about. */
export function idsOf({ method, path, appId, clientId, userId, sequenceId, msgId }: AccessLine) {
  return { method, path, appId, clientId, userId, sequenceId, msgId };
}
