/** The HTTP API: fastify for sockets and routing, everything that the contract says done by ourselves. */
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { writtenPositions } from '../queries/written-positions.ts';
import type { ApiDeps } from './deps.ts';
import { type Gate, gate } from './gate.ts';
import { answerForNode, isMalformed, sendFrameworkError, sendMalformed, sendNotFound } from './http-errors.ts';
import { mountOn } from './mount.ts';
import { mountUms } from './routes/ums.ts';
import type { Services } from './services.ts';

/** A request that is not complete by then gets 408 (`contract.md §2`), in ms. */
const REQUEST_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 500;
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
  app.addHook('preClose', (done) => {
    gate.close();
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
    done();
  });
}
