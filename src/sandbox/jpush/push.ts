/** What a push comes to: replayed, refused, or accepted and delivered. */
import { type Cid, type CidStore, type FirstResult, oneAtATime } from './cid-store.ts';
import type { Journal } from './journal.ts';
import type { Registry } from './registry.ts';
import { type AcceptedPush, invalid, type JsonObject, type Refusal, refusal } from './types.ts';
import { type ValidPush, validatePush } from './validate.ts';

export interface PushDesk {
  /** @param before awaited first, while pushes of the same cid wait their turn */
  push(appKey: string, body: JsonObject, before?: () => Promise<void>): Promise<Accepted | Refusal>;
  /** The same checks without an effect. */
  dryRun(appKey: string, body: JsonObject): Accepted | Refusal;
  withdraw(appKey: string, msgId: string): Refusal | undefined;
}

export interface Accepted extends FirstResult {
  readonly type: 'accepted';
}

export interface PushDeskOptions {
  readonly cids: CidStore;
  readonly registry: Registry;
  readonly journal: Journal;
  readonly maxTimeToLive: number;
  readonly now: () => number;
  readonly onAccepted: (push: AcceptedPush) => void;
}

export function pushDesk({ cids, registry, journal, maxTimeToLive, now, onAccepted }: PushDeskOptions): PushDesk {
  const nextMsgId = msgIds(now());
  const withdrawn = new Set<string>();

  /** Audiences of another kind than registration ids find nobody here. */
  const check = (appKey: string, body: JsonObject): ValidPush | Refusal => {
    const push = validatePush(body, maxTimeToLive);
    if (push.type === 'refusal') return push;
    return targetFault(registry, appKey, push.registrationIds ?? []) ?? push;
  };

  const accept = (appKey: string, body: JsonObject): Accepted | Refusal => {
    const push = check(appKey, body);
    if (push.type === 'refusal') return push;
    const { content, contentType, notification, timeToLive, registrationIds = [] } = push;
    const accepted: AcceptedPush = {
      msgId: nextMsgId(),
      sendno: push.sendno ?? randomSendno(),
      appKey,
      cid: body.cid as string | undefined,
      registrationIds: registrationIds.filter((id) => registry.standing(appKey, id) === 'live'),
      content,
      contentType,
      notification,
      timeToLive,
      acceptedAt: now(),
    };
    journal.add(accepted);
    registry.deliver(accepted.registrationIds, accepted, timeToLive, accepted.acceptedAt);
    onAccepted(accepted);
    return { type: 'accepted', sendno: accepted.sendno, msgId: accepted.msgId };
  };

  const acceptOnce = (appKey: string, body: JsonObject, cid: Cid): Accepted | Refusal => {
    if (cid.result !== undefined) {
      journal.addReplay();
      return { type: 'accepted', ...cid.result };
    }
    const outcome = accept(appKey, body);
    if (outcome.type === 'accepted') cid.result = { sendno: outcome.sendno, msgId: outcome.msgId };
    return outcome;
  };

  return {
    async push(appKey, body, before) {
      if (body.cid === undefined) {
        await before?.();
        return accept(appKey, body);
      }
      const cid = typeof body.cid === 'string' ? cids.find(appKey, body.cid, now()) : undefined;
      if (cid === undefined) return invalid('cid');
      return oneAtATime(cid, async () => {
        await before?.();
        return acceptOnce(appKey, body, cid);
      });
    },

    dryRun(appKey, body) {
      const checked = check(appKey, body);
      if (checked.type === 'refusal') return checked;
      return { type: 'accepted', sendno: checked.sendno ?? randomSendno(), msgId: nextMsgId() };
    },

    withdraw(appKey, msgId) {
      const push = journal.find(msgId);
      if (push?.appKey !== appKey || withdrawn.has(msgId)) return invalid('msg_id');
      withdrawn.add(msgId);
      if (withdrawn.size > 10_000) withdrawn.delete(withdrawn.values().next().value as string);
      registry.withdraw(push.registrationIds, msgId);
      return undefined;
    },
  };
}

/** Dead ones of several are dropped without a word; only a single one is named (`docs/jpush.md §12`). */
function targetFault(registry: Registry, appKey: string, ids: readonly string[]): Refusal | undefined {
  const [first = ''] = ids;
  if (ids.length === 1 && registry.standing(appKey, first) === 'invalid')
    return refusal(400, 1003, `The registration_id ${first} is invalid!`);
  const anyone = ids.some((id) => registry.standing(appKey, id) === 'live');
  return anyone ? undefined : refusal(400, 1011, 'cannot find user by this audience');
}

/** 18 digits, more than a double can hold; they follow each other. */
function msgIds(startedAt: number): () => string {
  let last = BigInt(startedAt) * 100_000n;
  return () => {
    last += 1n;
    return String(last);
  };
}

function randomSendno(): string {
  return String(1 + Math.floor(Math.random() * 2 ** 31));
}
