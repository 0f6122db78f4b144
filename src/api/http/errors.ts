/** Answers requests that reach no endpoint. These answers have the envelope as well (`docs/api.md §2`). */
import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type AccessLine, accessLine } from './access-log.ts';
import { type Answer, httpRefusal, refusalAnswer } from './envelope.ts';
import { answerForError } from './error-answer.ts';
import { send } from './send.ts';
import type { Services } from './services.ts';

export const malformed = refusalAnswer(httpRefusal(400, 'B00004', 'malformed HTTP'));
export const headersTooLarge = refusalAnswer(httpRefusal(431, 'B00006', 'headers'));
export const extensionsTooLarge = refusalAnswer(httpRefusal(413, 'B00006', 'chunk extensions'));
export const tooSlow = refusalAnswer(httpRefusal(408, 'A00003', 'request not complete in time'));
const notFound = refusalAnswer(httpRefusal(404, 'B00004', 'path'));
export const expectationFailed = refusalAnswer(httpRefusal(417, 'B00004', 'expect'));
export const wrongMethod = refusalAnswer({ ...httpRefusal(405, 'B00004', 'method'), headers: { allow: 'POST' } });

/**
 * Whether a request that Node's parser lets pass is no HTTP/1 request: it has another version, two `Host`s, or none in
 * HTTP/1.1 (Node's own check for that is off, as its answer has no envelope). Called for every request, so it looks at
 * the parsed parts and makes nothing new.
 */
export function isMalformed({ httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (httpVersion === '1.1') return countHosts(rawHeaders) !== 1;
  return httpVersion !== '1.0' || countHosts(rawHeaders) > 1;
}

/** Counts in the raw headers, since `headers` keeps only the first one. @param rawHeaders names and values in turn */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    // Few names have this length, so hardly any other name is compared.
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

export function sendMalformed(services: Services, { raw }: FastifyRequest, reply: FastifyReply): void {
  send(services, reply, accessLine(raw), malformed);
}

/** A path that the router knows answers 405 to another method; the rest is 404. */
export function sendNotFound(services: Services, { raw, server }: FastifyRequest, reply: FastifyReply): void {
  // The router decides with the undecoded target: only the router knows how it decodes a path.
  const isPath = server.findRoute({ method: 'POST', url: raw.url ?? '' }) !== null;
  send(services, reply, accessLine(raw), isPath ? wrongMethod : notFound);
}

/** Answers an error that fastify throws before one of our handlers runs. */
export function sendFrameworkError(
  services: Services,
  error: FastifyError,
  { raw }: FastifyRequest,
  reply: FastifyReply,
): void {
  const line = accessLine(raw);
  send(services, reply, line, answerToFramework(services, error, line));
}

function answerToFramework({ deps }: Services, error: FastifyError, line: AccessLine): Answer {
  const { statusCode } = error;
  if (statusCode === 404) return notFound;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return malformed;
  return answerForError(deps.logger, line, error);
}
