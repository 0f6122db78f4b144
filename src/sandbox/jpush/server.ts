/** A look-alike of the JPush REST API v3 (`jpush.md §13`), for development, tests and load. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { cidStore } from './cid-store.ts';
import { type Fault, type Faults, faults as faultRules } from './faults.ts';
import { type Journal, journal as pushJournal } from './journal.ts';
import { type PushDesk, pushDesk } from './push.ts';
import { type RateWindows, rateWindows } from './rate-windows.ts';
import { type Registry, registry as terminalRegistry } from './registry.ts';
import { accepted, instead, json, type Reply, refused, spoiled } from './reply.ts';
import { type AcceptedPush, type JPushApp, refusal, tooLarge } from './types.ts';

export interface JPushSettings {
  /** Who may push. */
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
  /** Takes any well-formed registration id for a live one. */
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

interface Desk {
  readonly settings: JPushSettings;
  readonly appKeys: ReadonlyMap<string, string>;
  readonly rates: RateWindows;
  readonly cids: ReturnType<typeof cidStore>;
  readonly pushes: PushDesk;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly now: () => number;
  readonly closing: AbortSignal;
}

export async function startJPush(settings: JPushSettings): Promise<JPush> {
  const { now = Date.now, random = Math.random } = settings;
  const cids = cidStore();
  const registry = terminalRegistry({ adoptUnknown: settings.adoptUnknown ?? false, now });
  const journal = pushJournal(settings.journalSize ?? 10_000);
  const rates = rateWindows(settings.callsPerMinute ?? 600);
  const faults = faultRules(random);
  const closing = new AbortController();
  const { maxTimeToLive = 864_000, onAccepted = () => {} } = settings;
  const pushes = pushDesk({ cids, registry, journal, maxTimeToLive, now, onAccepted });
  const appKeys = new Map(settings.apps.map((app) => [basic(app), app.appKey]));
  const desk: Desk = { settings, appKeys, rates, cids, pushes, journal, faults, now, closing: closing.signal };

  const server = createServer((request, response) => {
    serve(desk, request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 75_000;
  server.listen(settings.port ?? 0, settings.host ?? '127.0.0.1');
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;

  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    journal,
    registry,
    faults,
    rate: rates,
    async close() {
      if (!server.listening) return;
      closing.abort();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function basic({ appKey, masterSecret }: JPushApp): string {
  return `Basic ${Buffer.from(`${appKey}:${masterSecret}`).toString('base64')}`;
}

async function serve(desk: Desk, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readBody(request);
  const [pathname = '', query] = (request.url ?? '').split('?', 2);
  if (pathname === '/sandbox/counts') return send(response, json(200, desk.journal.counts), {});

  // Auth, then rate, then all else (`jpush.md §6.1`).
  const appKey = desk.appKeys.get(request.headers.authorization ?? '');
  if (appKey === undefined) return send(response, refused(refusal(401, 1004, 'Authen failed')), {});
  const { allowed, headers } = desk.rates.charge(appKey, desk.now());
  if (!allowed) {
    desk.journal.addRefusal(2002);
    return send(response, refused(refusal(429, 2002, 'Rate limit exceeded')), headers);
  }
  if (text === undefined) return send(response, refused(tooLarge()), headers);
  const reply = await route(desk, appKey, request.method ?? '', pathname, query, text);
  send(response, reply, headers);
}

async function route(
  desk: Desk,
  appKey: string,
  method: string,
  path: string,
  query: string | undefined,
  text: string,
): Promise<Reply> {
  if (path === '/v3/push') return method === 'POST' ? push(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/validate') return method === 'POST' ? dryRun(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/cid' && method === 'GET') return issueCids(desk, appKey, query);
  if (path.startsWith('/v3/push/') && method === 'DELETE')
    return withdraw(desk, appKey, path.slice('/v3/push/'.length));
  return { type: 'answer', status: 404, contentType: 'text/html', body: '<html><body>Not Found</body></html>' };
}

const postOnly = refusal(405, 1001, 'Only POST is supported');

async function push(desk: Desk, appKey: string, text: string): Promise<Reply> {
  const fault = desk.faults.strike('push', appKey);
  const early = fault && instead(fault);
  if (early !== undefined) return early;
  const before = fault?.type === 'hang' ? () => pause(desk, fault) : undefined;
  const outcome = await desk.pushes.push(appKey, text, before);
  if (outcome.type === 'refusal') {
    desk.journal.addRefusal(outcome.code);
    return refused(outcome);
  }
  if (fault?.type === 'stall') await pause(desk, fault);
  return spoiled(fault, accepted(outcome, desk.now()));
}

function dryRun(desk: Desk, appKey: string, text: string): Reply {
  const outcome = desk.pushes.dryRun(appKey, text);
  return outcome.type === 'refusal' ? refused(outcome) : accepted(outcome, desk.now());
}

/** A larger count than the tier gives is treated as the tier's. */
async function issueCids(desk: Desk, appKey: string, search: string | undefined): Promise<Reply> {
  const fault = desk.faults.strike('cid', appKey);
  const early = fault && instead(fault);
  if (early !== undefined) return early;
  if (fault?.type === 'hang' || fault?.type === 'stall') await pause(desk, fault);
  const query = new URLSearchParams(search);
  const type = query.get('type') ?? 'push';
  const count = Number(query.get('count') ?? 1);
  if (type !== 'push' && type !== 'schedule') return refused(refusal(400, 1003, "'type' value is invalid."));
  if (!Number.isInteger(count) || count < 1) return refused(refusal(400, 1003, "'count' value is invalid."));
  const given = Math.min(count, desk.settings.cidsPerCall ?? 10);
  return spoiled(fault, json(200, { cidlist: desk.cids.issue(appKey, given, desk.now()) }));
}

function withdraw(desk: Desk, appKey: string, msgId: string): Reply {
  const fault = desk.pushes.withdraw(appKey, msgId);
  return fault === undefined
    ? { type: 'answer', status: 200, contentType: 'application/json', body: '' }
    : refused(fault);
}

/** Ends early, with an error that drops the connection, when the look-alike closes. */
function pause(desk: Desk, { ms }: Extract<Fault, { readonly ms: number }>): Promise<void> {
  return wait(ms, undefined, { signal: desk.closing });
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

/** @returns `undefined` for one that is too large; it is read to its end all the same */
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
