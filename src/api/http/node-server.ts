/**
 * Node's HTTP server, set up as the contract demands. One server handles all addresses, so that each has the same
 * settings (fastify would make a second server for the second address of a host name).
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Connections } from '../admission/connections.ts';
import { accessLine, logAccess } from './access-log.ts';
import { type Answer, CONTENT_TYPE } from './envelope.ts';
import {
  expectationFailed,
  extensionsTooLarge,
  headersTooLarge,
  isMalformed,
  malformed,
  tooSlow,
  wrongMethod,
} from './errors.ts';
import type { Services } from './services.ts';

/** A request that is not complete after this time, in ms, gets 408 (`docs/api.md §2`). */
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 500;
/** How long an idle connection stays open, in ms. */
const KEEP_ALIVE_MS = 72_000;
/** How long, in ms, a connection may go on sending after its last answer, so that it receives that answer. */
const LINGER_MS = 1000;

/** @param handle called for requests that are let in */
export function nodeServer(services: Services, connections: Connections, handle: RequestListener): Server {
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requireHostHeader: false,
  });
  server.on('connection', (socket) => connections.opened(socket));
  server.on('request', (request, response) => {
    if (services.admission.decide(request, response)) handle(request, response);
  });
  return server;
}

/** Replaces the answers that Node gives by itself. @param server after fastify has set up its own handlers */
export function answerForNode(server: Server, { deps }: Services): void {
  const answered = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, answer: Answer, request?: IncomingMessage): void => {
    if (answered.has(socket) || !socket.writable) return;
    answered.add(socket);
    writeLast(socket, answer);
    logAccess(deps.logger, accessLine(request), answer);
  };

  server.removeAllListeners('clientError');
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else refuse(socket, answerToClientError(error.code));
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    refuse(socket, isMalformed(request) ? malformed : wrongMethod, request);
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    const answer = isMalformed(request) ? malformed : expectationFailed;
    response.writeHead(answer.status, headersOfLast(answer));
    response.end(answer.text);
    logAccess(deps.logger, accessLine(request), answer);
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

/** A client that still sends would lose the answer to a reset, so the socket is read until it ends, or for a moment. */
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
