/** Sends an answer and writes the request's line in the log. */
import type { FastifyReply } from 'fastify';
import { type AccessLine, logAccess } from './access-log.ts';
import type { Answer } from './envelope.ts';
import type { Services } from './services.ts';

export const CONTENT_TYPE = 'application/json; charset=utf-8';

export function send({ deps, gate }: Services, reply: FastifyReply, line: AccessLine, answer: Answer): void {
  reply.code(answer.status).header('content-type', CONTENT_TYPE);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  // After an unread rest of a body, or while shutting down, the connection is of no more use.
  if (answer.status === 413 || gate.closed) reply.header('connection', 'close');
  reply.send(answer.text);
  logAccess(deps.logger, line, answer);
}
