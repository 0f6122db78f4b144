/** `POST /v3/push/batch/regid/single` and `…/alias/single`, for VIP (`docs/jpush.md §7`): a push, an id, a verdict for each target. */
import type { Journal } from './journal.ts';
import type { Accepted, PushDesk } from './push.ts';
import { type Reply, refused } from './reply.ts';
import {
  invalid,
  isObject,
  type JsonObject,
  missing,
  parseObject,
  type Refusal,
  refusal,
  unknownKey,
} from './types.ts';

const MAX_PUSHES = 1000;

const vipOnly = refusal(403, 2006, 'This API is for VIP only');
const itemKeys = new Set([
  'platform',
  'target',
  'notification',
  'message',
  'sms_message',
  'options',
  'callback',
  'notification_3rd',
]);

export type BatchKind = 'registration_id' | 'alias';

/** @param vip whether the account may @param text the body: `pushlist`, a map from cid to item */
export async function batch(
  { pushes, journal, vip }: { readonly pushes: PushDesk; readonly journal: Journal; readonly vip: boolean },
  appKey: string,
  kind: BatchKind,
  text: string,
): Promise<Reply> {
  if (!vip) return refused(vipOnly);
  const list = pushList(text);
  if (list.type === 'refusal') return refused(list);
  const verdicts = await Promise.all(
    Object.entries(list.items).map(async ([cid, item]) => {
      const push = pushOf(cid, item, kind);
      const outcome = isRefusal(push) ? push : await pushes.push(appKey, push);
      if (outcome.type === 'refusal') journal.addRefusal(outcome.code);
      return `${JSON.stringify(cid)}:${verdict(outcome)}`;
    }),
  );
  return { type: 'answer', status: 200, contentType: 'application/json', body: `{${verdicts.join(',')}}` };
}

function pushList(text: string): { readonly type: 'list'; readonly items: JsonObject } | Refusal {
  const body = parseObject(text);
  if (body === undefined) return invalid('body');
  const { pushlist: items } = body;
  if (items === undefined) return missing('pushlist');
  if (!isObject(items) || Object.keys(items).length > MAX_PUSHES) return invalid('pushlist');
  return Object.keys(items).length === 0 ? missing('pushlist') : { type: 'list', items };
}

/** The push object that an item stands for. */
function pushOf(cid: string, item: unknown, kind: BatchKind): JsonObject | Refusal {
  if (!isObject(item)) return invalid('pushlist');
  const { target, ...rest } = item;
  if (target === undefined) return missing('target');
  if (typeof target !== 'string' || target === '') return invalid('target');
  return unknownKey(item, itemKeys) ?? { ...rest, cid, audience: { [kind]: [target] } };
}

function isRefusal(push: JsonObject | Refusal): push is Refusal {
  return push.type === 'refusal';
}

/** Ids are numbers here, with more digits than JavaScript can write. */
function verdict(outcome: Accepted | Refusal): string {
  if (outcome.type === 'accepted') return `{"msg_id":${outcome.msgId}}`;
  const { code, message } = outcome;
  return JSON.stringify({ error: { code, message } });
}
