/** The HTTP API: fastify for sockets and routing, everything that the contract says done by ourselves. */
import type { Server as HttpServer } from 'node:http';
import { Server } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { writtenPositions } from '../queries/written-positions.ts';
import { mountOn } from './endpoint/mount.ts';
import type { ApiDeps } from './http/deps.ts';
import { answerForNode, isMalformed, sendFrameworkError, sendMalformed, sendNotFound } from './http/errors.ts';
import { type Gate, gate } from './http/gate.ts';
import type { Services } from './http/services.ts';
import { mountUms } from './ums/routes.ts';

/** A request that is not complete by then gets 408 (`docs/api.md §2`), in ms. */
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 500;
/** A server that closes goes on answering for this long, in ms, so that who sends on an open connection hears of it. */
const SHED_MS = 200;
/** For who connects all the time; by far enough for those who wait to be let in. */
const SHED_AT_MOST_MS = 1_000;
/** What who has connected last may take to send, in ms. */
const LAST_MS = 50;
/** When the server closes, connections that are still open after this, in ms, are cut: half a request never ends by itself. */
const CLOSE_GRACE_MS = 5000;

/** Methods that may bring a body; none is parsed by fastify: an endpoint reads it itself, all else leaves it unread. */
const methodsWithBody = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'];

/** Ready for `inject` and `listen`. While it closes, requests that still come are shed and those at work are finished. */
export function buildApi(deps: ApiDeps): FastifyInstance {
  const services: Services = { deps, written: writtenPositions(), gate: gate(deps.limits.maxInFlight) };
  const app: FastifyInstance = Fastify({
    logger: false,
    return503OnClosing: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: {
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
    },
    frameworkErrors: (error, request, reply) => sendFrameworkError(services, error, request, reply),
  });
  for (const method of methodsWithBody) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.addHook('onRequest', (request, reply, done) => {
    if (isMalformed(request.raw)) sendMalformed(services, request, reply);
    else done();
  });
  shedWhileClosing(app, services.gate);

  mountUms(mountOn(app, services));
  app.setNotFoundHandler((request, reply) => sendNotFound(services, request, reply));
  app.setErrorHandler<FastifyError>((error, request, reply) => sendFrameworkError(services, error, request, reply));
  answerForNode(app, services);
  return app;
}

function shedWhileClosing(app: FastifyInstance, gate: Gate): void {
  app.addHook('preClose', async () => {
    gate.close();
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    if (app.server.listening) await stopListening(app.server);
  });
}

/**
 * Takes connections for the time of shedding, then no more, and waits until what was sent on those that are there is read.
 * All the while requests are answered.
 */
async function stopListening(server: HttpServer): Promise<void> {
  const giveUpAt = performance.now() + SHED_AT_MOST_MS;
  let newest = false;
  server.on('connection', () => {
    newest = true;
  });
  await pause(SHED_MS);
  // The system lets in one connection a turn of the event loop, and resets those that still wait when it is told to stop.
  do {
    newest = false;
    await nextTurn();
  } while (newest && performance.now() < giveUpAt);
  // The close of an HTTP server would also close whatever looks idle: who has just come and is about to send, too.
  Server.prototype.close.call(server);
  await pause(LAST_MS);
  await nextTurn();
}
