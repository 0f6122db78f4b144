/** The HTTP API. Fastify provides routing and serialisers; we implement every rule of the contract ourselves. */
import { Server } from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { writtenPositions } from '../queries/written-positions.ts';
import { admission } from './admission/admission.ts';
import { boundedConnections } from './admission/connections.ts';
import { unfinishedBodies } from './admission/unfinished-bodies.ts';
import { mountOn } from './endpoint/mount.ts';
import type { ApiDeps } from './http/deps.ts';
import { isMalformed, sendFrameworkError, sendMalformed, sendNotFound } from './http/errors.ts';
import { closeOtherListeners } from './http/listen.ts';
import { answerForNode, nodeServer } from './http/node-server.ts';
import type { Services } from './http/services.ts';
import { mountUms } from './ums/routes.ts';

/**
 * A closing server goes on answering for this long, in ms, so that clients on open connections learn that it closes.
 */
const SHED_MS = 200;
/** The same while new clients go on connecting: more than enough time for all connections that wait to be accepted. */
const SHED_AT_MOST_MS = 1_000;
/** Grace period, in ms, for the newest connection to send its request. */
const LAST_MS = 50;
/**
 * When the server closes, connections that are still open after this, in ms, are cut: half a request never ends by
 * itself.
 */
const CLOSE_GRACE_MS = 5000;

/** Each connection may hold an incomplete head of 16 KiB. */
const MAX_CONNECTIONS = 8_000;
const MAX_UNFINISHED_BYTES = 32 * 1024 * 1024;
/** At least this many bodies of the largest size can be on their way at once. */
const MIN_BODIES = 4;

/** Methods that may have a body. Fastify parses none of them: an endpoint reads its own, all others stay unread. */
const methodsWithBody = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'];

/** Ready for `inject` and `listenOn`. While it closes, new requests are shed and those at work are finished. */
export function buildApi(deps: ApiDeps): FastifyInstance {
  const { logger, limits } = deps;
  const connections = boundedConnections(limits.maxConnections ?? MAX_CONNECTIONS);
  const services: Services = {
    deps,
    written: writtenPositions(),
    admission: admission({ logger, connections, maxAtWork: limits.maxAtWork, maxSlowBodies: limits.maxSlowBodies }),
    unfinished: unfinishedBodies(
      limits.maxUnfinishedBytes ?? Math.max(MAX_UNFINISHED_BYTES, MIN_BODIES * limits.maxBodyBytes),
    ),
  };
  const app: FastifyInstance = Fastify({
    logger: false,
    return503OnClosing: false,
    serverFactory: (handle) => nodeServer(services, connections, handle),
    frameworkErrors: (error, request, reply) => sendFrameworkError(services, error, request, reply),
  });
  for (const method of methodsWithBody) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  app.addHook('onRequest', (request, reply, done) => {
    if (isMalformed(request.raw)) sendMalformed(services, request, reply);
    else done();
  });
  shedWhileClosing(app, services);

  mountUms(mountOn(app, services));
  app.setNotFoundHandler((request, reply) => sendNotFound(services, request, reply));
  app.setErrorHandler<FastifyError>((error, request, reply) => sendFrameworkError(services, error, request, reply));
  answerForNode(app.server, services);
  return app;
}

function shedWhileClosing(app: FastifyInstance, services: Services): void {
  app.addHook('preClose', async () => {
    services.admission.close();
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    if (app.server.listening) await stopListening(app);
  });
}

/**
 * Takes connections for the time of shedding, then no more, and waits until everything that was sent on the open ones
 * is read. All the while requests are answered.
 */
async function stopListening({ server }: FastifyInstance): Promise<void> {
  const giveUpAt = performance.now() + SHED_AT_MOST_MS;
  let newest = false;
  server.on('connection', () => {
    newest = true;
  });
  await pause(SHED_MS);
  // The system lets in one connection in each turn of the event loop, and a close resets those that still wait.
  do {
    newest = false;
    await nextTurn();
  } while (newest && performance.now() < giveUpAt);
  // The close of an HTTP server would also close connections that look idle, such as one whose request is on its way.
  Server.prototype.close.call(server);
  const othersEnded = closeOtherListeners(server);
  await pause(LAST_MS);
  await nextTurn();
  server.closeIdleConnections();
  await othersEnded;
}
