/** The base line: bare fastify, one POST route that answers with the body it got. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { takeOrders } from './orders.ts';

const app = Fastify();
app.post('/echo', (request, reply) => reply.send(request.body));
await app.listen({ host: '127.0.0.1', port: 0 });
takeOrders((app.server.address() as AddressInfo).port, () => undefined);
