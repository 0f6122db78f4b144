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

export function logAccess(logger: Logger, line: AccessLine, answer: Pick<Answer, 'status' | 'retCode'>): void {
  const { startedAt, ...ids } = line;
  const ms = Math.round((performance.now() - startedAt) * 10) / 10;
  logger.info({ ...ids, status: answer.status, retCode: answer.retCode, ms }, 'request');
}
