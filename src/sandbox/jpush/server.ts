/** A look-alike of the JPush REST API v3 (`docs/jpush.md §13`), for development, tests and load. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cidStore } from './cid-store.ts';
import { type Faults, faults as faultRules } from './faults.ts';
import { type FrontDoor, frontDoor } from './front-door.ts';
import { type Journal, journal as pushJournal } from './journal.ts';
import { pushDesk } from './push.ts';
import type { RateWindows } from './rate-windows.ts';
import { type Registry, registry as terminalRegistry } from './registry.ts';
import { type Reply, refused } from './reply.ts';
import { type Desk, route } from './routes.ts';
import { type AcceptedPush, type JPushApp, tooLarge } from './types.ts';

export interface JPushSettings {
  /** The apps that may push, with their credentials. */
  readonly apps: readonly JPushApp[];
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Of pushes and cid requests of an app; 600, the free tier's, by default. `Infinity`: no limit. */
  readonly callsPerMinute?: number;
  /** Cids given at most for one call: 10 in the free tier, the default; 1000 for VIP. */
  readonly cidsPerCall?: number;
  /** Seconds; VIP's ten days by default, the free tier has 259200. */
  readonly maxTimeToLive?: number;
  /** Treats any well-formed registration id as live, and any well-formed cid of an app as issued. */
  readonly adoptUnknown?: boolean;
  /** Accepted pushes that are kept; 10,000 by default. */
  readonly journalSize?: number;
  readonly onAccepted?: (push: AcceptedPush) => void;
  readonly now?: () => number;
  /** For faults that strike by chance. */
  readonly random?: () => number;
}

export interface JPush {
  readonly url: string;
  readonly journal: Journal;
  readonly registry: Registry;
  readonly faults: Faults;
  readonly rate: Pick<RateWindows, 'setLimit'>;
  /** Breaks every connection. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1024 * 1024;

export async function startJPush(settings: JPushSettings): Promise<JPush> {
  const { now = Date.now, random = Math.random, adoptUnknown = false, journalSize = 10_000 } = settings;
  const registry = terminalRegistry({ adoptUnknown, now });
  const journal = pushJournal(journalSize);
  const cids = cidStore(adoptUnknown);
  const { maxTimeToLive = 864_000, onAccepted = () => {} } = settings;
  const closing = new AbortController();
  const desk: Desk = {
    cidsPerCall: settings.cidsPerCall ?? 10,
    cids,
    pushes: pushDesk({ cids, registry, journal, maxTimeToLive, now, onAccepted }),
    journal,
    faults: faultRules(random),
    now,
    closing: closing.signal,
  };
  const door = frontDoor(settings.apps, settings.callsPerMinute ?? 600);

  const server = createServer((request, response) => {
    serve(door, desk, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 75_000;
  server.listen(settings.port ?? 0, settings.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    journal,
    registry,
    faults: desk.faults,
    rate: door,
    async close() {
      if (!server.listening) return;
      closing.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function serve(door: FrontDoor, desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readBody(request);
  const [path = '', query] = (request.url ?? '').split('?', 2);

  // Auth, then rate, then all else (`docs/jpush.md §6.1`).
  const admission = door.admit(request.headers.authorization, desk.now());
  const { headers } = admission;
  if (admission.type === 'refused') {
    const { refusal } = admission;
    if (refusal.code === 2002) desk.journal.addRefusal(refusal.code);
    return send(response, refused(refusal), headers);
  }
  if (text === undefined) return send(response, refused(tooLarge()), headers);
  const reply = await route(desk, { appKey: admission.appKey, method: request.method ?? '', path, query, text });
  send(response, reply, headers);
}

function send(response: ServerResponse, reply: Reply, rateHeaders: Readonly<Record<string, string>>): void {
  if (reply.type === 'drop') {
    response.socket?.resetAndDestroy();
    return;
  }
  const length = Buffer.byteLength(reply.body);
  response.writeHead(reply.status, {
    'Content-Type': reply.contentType,
    'Content-Length': length,
    ...rateHeaders,
    ...reply.headers,
  });
  response.end(reply.body);
}

/** Reads to the end in any case. @returns `undefined` for a body that is too large */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const chunks: Buffer[] = [];
  let size = 0;
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => resolve(size > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString('utf8')));
  request.on('error', reject);
  return promise;
}
