/** The report API (`docs/jpush.md §9`): what became of a push that the journal still has. */
import type { Journal } from './journal.ts';
import type { Receipts } from './receipts.ts';
import type { Registry } from './registry.ts';
import { json, type Reply, refused } from './reply.ts';
import { type AcceptedPush, isObject, refusal } from './types.ts';

export interface ReportDesk {
  readonly journal: Journal;
  readonly receipts: Receipts;
  readonly registry: Registry;
  readonly vip: boolean;
  /** For so long after a push, in ms, its reports know nothing of it. */
  readonly reportAfterMs: number;
  readonly now: () => number;
}

const MAX_MSG_IDS = 100;
const MAX_REGISTRATION_IDS = 1000;
/** Older pushes have no report any more. */
const REPORTED_MS = 28 * 24 * 3_600_000;

/** Neither is in JPush's table of codes. */
const unknownMessage = refused(refusal(400, 3002, 'Msgid does not exist'));
const badParameter = refused(refusal(400, 3003, 'Parameter is invalid'));
const noPermission = refused(refusal(403, 2003, 'No permission'));

/** All figures but the one of JPush's own channel are those of channels that this one does not have. */
const noFigures = {
  android_pns_sent: null,
  android_pns_received: null,
  ios_apns_sent: null,
  ios_apns_received: null,
  ios_msg_received: null,
  live_acivity_sent: null,
  live_acivity_received: null,
  wp_mpns_sent: null,
  quickapp_jpush_received: null,
  quickapp_pns_sent: null,
  hmos_hmpns_sent: null,
  hmos_hmpns_received: null,
  hmos_msg_sent: null,
  hmos_msg_received: null,
};

/** `GET /v3/received/detail?msg_ids=a,b`: how many terminals got each. One that is not known is left out of several. */
export function receivedDetail(desk: ReportDesk, appKey: string, query: string | undefined): Reply {
  const msgIds = (new URLSearchParams(query).get('msg_ids') ?? '').split(',');
  if (msgIds.length > MAX_MSG_IDS || !msgIds.every((msgId) => /^\d+$/.test(msgId))) return badParameter;
  const pushes = msgIds.flatMap((msgId) => reported(desk, appKey, msgId) ?? []);
  if (pushes.length === 0) return unknownMessage;
  return json(
    200,
    pushes.map(({ msgId }) => ({ msg_id: msgId, jpush_received: desk.receipts.of(msgId).size || null, ...noFigures })),
  );
}

/** `POST /v3/status/message`: each terminal's own receipt. */
export function statusOfMessage(desk: ReportDesk, appKey: string, text: string): Reply {
  if (!desk.vip) return noPermission;
  const body = parse(text);
  if (body === undefined) return badParameter;
  const push = reported(desk, appKey, body.msgId);
  if (push === undefined) return unknownMessage;
  const statuses = body.ids.map((id) => [id, { status: statusOf(desk, push, id) }]);
  return json(200, Object.fromEntries(statuses));
}

/** 0 received, 1 not (yet), 2 not of this app, 3 no target of this push. */
function statusOf({ registry, receipts }: ReportDesk, { appKey, msgId, registrationIds }: AcceptedPush, id: string) {
  if (receipts.of(msgId).has(id)) return 0;
  if (registrationIds.includes(id)) return 1;
  return registry.standing(appKey, id) === 'live' ? 3 : 2;
}

function reported({ journal, reportAfterMs, now }: ReportDesk, appKey: string, msgId: string) {
  const push = journal.find(msgId);
  const age = push?.appKey === appKey ? now() - push.acceptedAt : undefined;
  return age === undefined || age < reportAfterMs || age > REPORTED_MS ? undefined : push;
}

function parse(text: string): { readonly msgId: string; readonly ids: readonly string[] } | undefined {
  try {
    // The id is a number with more digits than JavaScript keeps.
    const body: unknown = JSON.parse(text.replace(/"msg_id"\s*:\s*(\d+)/, '"msg_id":"$1"'));
    if (!isObject(body)) return undefined;
    const { msg_id: msgId, registration_ids: ids, date } = body;
    const fits =
      typeof msgId === 'string' &&
      Array.isArray(ids) &&
      ids.length > 0 &&
      ids.length <= MAX_REGISTRATION_IDS &&
      ids.every((id) => typeof id === 'string') &&
      (date === undefined || /^\d{4}-\d\d-\d\d$/.test(String(date)));
    return fits ? { msgId, ids } : undefined;
  } catch {
    return undefined;
  }
}
