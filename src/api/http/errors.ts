/** The answers that the framework, or Node's HTTP server itself, gives: with the envelope as well (`docs/api.md §2`). */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AccessLine, accessLine, logAccess } from './access-log.ts';
import { type Answer, httpRefusal, refusalAnswer } from './envelope.ts';
import { answerForError } from './error-answer.ts';
import { CONTENT_TYPE, send } from './send.ts';
import type { Services } from './services.ts';

/** How long a connection that got its last answer may go on sending, in ms, so that it hears the answer. */
const LINGER_MS = 1000;

const malformed = refusalAnswer(httpRefusal(400, 'B00004', 'malformed HTTP'));
const headersTooLarge = refusalAnswer(httpRefusal(431, 'B00006', 'headers'));
const extensionsTooLarge = refusalAnswer(httpRefusal(413, 'B00006', 'chunk extensions'));
const tooSlow = refusalAnswer(httpRefusal(408, 'A00003', 'request not complete in time'));
const notFound = refusalAnswer(httpRefusal(404, 'B00004', 'path'));
const expectationFailed = refusalAnswer(httpRefusal(417, 'B00004', 'expect'));
const wrongMethod = refusalAnswer({ ...httpRefusal(405, 'B00004', 'method'), headers: { allow: 'POST' } });

/**
 * What Node's parser lets pass and is no HTTP/1 request: another version, two `Host`s, or none in HTTP/1.1 (the server is
 * told not to answer that by itself). Asked of every request, so it looks at what is parsed already and makes nothing new.
 */
export function isMalformed({ httpVersion, rawHeaders }: IncomingMessage): boolean {
  if (httpVersion === '1.1') return countHosts(rawHeaders) !== 1;
  return httpVersion !== '1.0' || countHosts(rawHeaders) > 1;
}

/** Of `headers`, only the first is left. @param rawHeaders names and values in turn */
function countHosts(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    // Few names are that short, so hardly any other is compared.
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}

export function sendMalformed(services: Services, { raw }: FastifyRequest, reply: FastifyReply): void {
  send(services, reply, accessLine(raw), malformed);
}

/** A path that the router knows answers 405 to another method; the rest is 404. */
export function sendNotFound(services: Services, { raw, server }: FastifyRequest, reply: FastifyReply): void {
  // The router itself is asked, with the target as it came: what a path is once it is decoded is its to say.
  const isPath = server.findRoute({ method: 'POST', url: raw.url ?? '' }) !== null;
  send(services, reply, accessLine(raw), isPath ? wrongMethod : notFound);
}

/** What fastify throws by itself before a handler of ours runs. */
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

/** Answers of Node's HTTP server that never reach fastify. */
export function answerForNode(app: FastifyInstance, services: Services): void {
  const answered = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, answer: Answer, request?: IncomingMessage): void => {
    if (answered.has(socket) || !socket.writable) return;
    answered.add(socket);
    writeLast(socket, answer);
    logAccess(services.deps.logger, accessLine(request), answer);
  };

  app.server.removeAllListeners('clientError');
  app.server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, answerToClientError(error.code));
  });
  app.server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    refuse(socket, isMalformed(request) ? malformed : wrongMethod, request);
  });
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const answer = isMalformed(request) ? malformed : expectationFailed;
    response.writeHead(answer.status, headersOfLast(answer));
    response.end(answer.text);
    logAccess(services.deps.logger, accessLine(request), answer);
  });
}

function answerToClientError(code: string | undefined): Answer {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return tooSlow;
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return extensionsTooLarge;
    default:
      return malformed;
  }
}

/** Whoever still sends would lose the answer to a reset, so the socket is read on until it ends, or for a moment. */
function writeLast(socket: Duplex, { status, text, headers }: Answer): void {
  const lines = Object.entries(headersOfLast({ text, headers })).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${text}`);
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/** Headers of the last answer on a connection. */
function headersOfLast({ text, headers }: Pick<Answer, 'text' | 'headers'>): Record<string, string> {
  return {
    ...headers,
    'content-type': CONTENT_TYPE,
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
}
