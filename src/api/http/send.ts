/** Sends an answer and writes the request's line in the log. */
import type { FastifyReply } from 'fastify';
import { type AccessLine, logAccess } from './access-log.ts';
import { type Answer, CONTENT_TYPE } from './envelope.ts';
import type { Services } from './services.ts';

export function send({ deps, admission }: Services, reply: FastifyReply, line: AccessLine, answer: Answer): void {
  reply.code(answer.status).header('content-type', CONTENT_TYPE);
  if (answer.headers !== undefined) reply.headers(answer.headers);
  if (admission.closed) reply.header('connection', 'close');
  reply.send(answer.text);
  logAccess(deps.logger, line, answer);
}
