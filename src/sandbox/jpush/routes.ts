/** What each call of the API does, once its caller is known and within the rate. */
import { setTimeout as wait } from 'node:timers/promises';
import { type BatchKind, batch } from './batch.ts';
import type { CidStore } from './cid-store.ts';
import type { Devices } from './devices.ts';
import type { Fault, Faults } from './faults.ts';
import { apiOf } from './front-door.ts';
import type { PushDesk } from './push.ts';
import { accepted, empty, instead, json, type Reply, refused, spoiled } from './reply.ts';
import { type ReportDesk, receivedDetail, statusOfMessage } from './reports.ts';
import { invalid, parseObject, refusal } from './types.ts';

export interface Desk extends ReportDesk {
  readonly cidsPerCall: number;
  readonly cids: CidStore;
  readonly pushes: PushDesk;
  readonly devices: Devices;
  readonly faults: Faults;
  readonly closing: AbortSignal;
}

export interface Call {
  readonly appKey: string;
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly text: string;
}

export async function route(desk: Desk, call: Call): Promise<Reply> {
  const { appKey, method, path, query, text } = call;
  switch (apiOf(path)) {
    case 'report':
      if (path === '/v3/received/detail' && method === 'GET') return receivedDetail(desk, appKey, query);
      return path === '/v3/status/message' && method === 'POST' ? statusOfMessage(desk, appKey, text) : notFound;
    case 'device':
      return deviceCall(desk, call);
    case 'push':
      return pushCall(desk, call);
  }
}

async function pushCall(desk: Desk, { appKey, method, path, query, text }: Call): Promise<Reply> {
  if (path === '/v3/push') return method === 'POST' ? push(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/validate') return method === 'POST' ? dryRun(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/cid' && method === 'GET') return issueCids(desk, appKey, query);
  // What is left of vendors' quotas: there are no vendors.
  if (path === '/v3/push/quota' && method === 'GET') return json(200, { data: {} });
  const kind = batchKinds[path];
  if (kind !== undefined) return method === 'POST' ? batch(desk, appKey, kind, text) : refused(postOnly);
  if (path.startsWith('/v3/push/') && method === 'DELETE')
    return withdraw(desk, appKey, path.slice('/v3/push/'.length));
  return notFound;
}

function deviceCall({ devices }: Desk, { appKey, method, path, text }: Call): Reply {
  const [, id] = /^\/v3\/devices\/([^/]+)$/.exec(path) ?? [];
  if (id === 'status') return method === 'POST' ? devices.status(appKey, text) : notFound;
  if (id === undefined || (method !== 'GET' && method !== 'POST')) return notFound;
  return devices.device(appKey, id, method === 'POST' ? text : undefined);
}

const batchKinds: Readonly<Record<string, BatchKind>> = {
  '/v3/push/batch/regid/single': 'registration_id',
  '/v3/push/batch/alias/single': 'alias',
};

const notFound: Reply = {
  type: 'answer',
  status: 404,
  contentType: 'text/html',
  body: '<html><body>Not Found</body></html>',
};

const postOnly = refusal(405, 1001, 'Only POST is supported');

async function push(desk: Desk, appKey: string, text: string): Promise<Reply> {
  const fault = desk.faults.strike('push', appKey);
  const early = fault && instead(fault);
  if (early !== undefined) return early;
  const before = fault?.type === 'hang' ? () => pause(desk, fault) : undefined;
  const body = parseObject(text);
  const outcome = body === undefined ? invalid('body') : await desk.pushes.push(appKey, body, before);
  if (outcome.type === 'refusal') {
    desk.journal.addRefusal(outcome.code);
    return refused(outcome);
  }
  if (fault?.type === 'stall') await pause(desk, fault);
  return spoiled(fault, accepted(outcome, desk.now()));
}

function dryRun(desk: Desk, appKey: string, text: string): Reply {
  const body = parseObject(text);
  const outcome = body === undefined ? invalid('body') : desk.pushes.dryRun(appKey, body);
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
  const given = Math.min(count, desk.cidsPerCall);
  return spoiled(fault, json(200, { cidlist: desk.cids.issue(appKey, given, desk.now()) }));
}

function withdraw(desk: Desk, appKey: string, msgId: string): Reply {
  const fault = desk.pushes.withdraw(appKey, msgId);
  return fault === undefined ? empty : refused(fault);
}

/** Ends early, with an error that drops the connection, when the look-alike closes. */
function pause(desk: Desk, { ms }: Extract<Fault, { readonly ms: number }>): Promise<void> {
  return wait(ms, undefined, { signal: desk.closing });
}
