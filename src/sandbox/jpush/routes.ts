/** The calls of the API, once their caller is known and within the rate. */
import { setTimeout as wait } from 'node:timers/promises';
import type { CidStore } from './cid-store.ts';
import type { Fault, Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { PushDesk } from './push.ts';
import { accepted, empty, instead, json, type Reply, refused, spoiled } from './reply.ts';
import { invalid, parseObject, refusal } from './types.ts';

export interface Desk {
  readonly cidsPerCall: number;
  readonly cids: CidStore;
  readonly pushes: PushDesk;
  readonly journal: Journal;
  readonly faults: Faults;
  readonly now: () => number;
  readonly closing: AbortSignal;
}

export interface Call {
  readonly appKey: string;
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly text: string;
}

export async function route(desk: Desk, { appKey, method, path, query, text }: Call): Promise<Reply> {
  if (path === '/v3/push') return method === 'POST' ? push(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/validate') return method === 'POST' ? dryRun(desk, appKey, text) : refused(postOnly);
  if (path === '/v3/push/cid' && method === 'GET') return issueCids(desk, appKey, query);
  if (path.startsWith('/v3/push/') && method === 'DELETE')
    return withdraw(desk, appKey, path.slice('/v3/push/'.length));
  return notFound;
}

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
