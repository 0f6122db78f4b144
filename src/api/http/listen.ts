/** Listens on every address of a host name, with one HTTP server behind all of them. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { FastifyInstance } from 'fastify';

export interface ListenOptions {
  /** A name or an address. */
  readonly host: string;
  /** 0: any free one, the same on all addresses. */
  readonly port: number;
}

export interface Listening {
  readonly address: string;
  readonly port: number;
  readonly url: string;
}

/** Connections that the system keeps while they wait to be accepted. */
const BACKLOG = 4096;

/** The listeners of an HTTP server beside its own; they hand their connections over to it. */
const otherListeners = new WeakMap<HttpServer, Server[]>();

/**
 * Serves until the API is closed.
 * @returns where it listens
 * @throws the system's error if one of the addresses can't be bound
 */
export async function listenOn(
  app: FastifyInstance,
  { host, port }: ListenOptions,
): Promise<readonly [Listening, ...Listening[]]> {
  const [first = host, ...others] = await addressesOf(host);
  await app.listen({ host: first, port, backlog: BACKLOG });
  const bound = app.server.address() as AddressInfo;
  const more: Server[] = [];
  otherListeners.set(app.server, more);
  for (const address of others) {
    const listener = createServer({ noDelay: true }, (socket) => void app.server.emit('connection', socket));
    listener.listen({ host: address, port: bound.port, backlog: BACKLOG });
    try {
      await once(listener, 'listening');
      more.push(listener);
    } catch (error) {
      // The hosts file of a machine without IPv6 may name ::1 all the same.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
    }
  }
  return [listeningAt(bound), ...more.map((listener) => listeningAt(listener.address() as AddressInfo))];
}

function listeningAt({ address, port }: AddressInfo): Listening {
  return { address, port, url: `http://${address.includes(':') ? `[${address}]` : address}:${port}` };
}

/** Stops taking connections at the other addresses. @returns when the connections from there have ended */
export async function closeOtherListeners(server: HttpServer): Promise<void> {
  const listeners = otherListeners.get(server) ?? [];
  await Promise.all(listeners.map((listener) => new Promise<void>((resolve) => void listener.close(() => resolve()))));
}

/** All addresses of a host name, without duplicates. An address stands for itself. */
async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}
