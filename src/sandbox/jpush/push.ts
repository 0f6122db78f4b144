/** The outcome of a push: replayed, refused, or accepted and delivered. */
import type { Audience } from './audience.ts';
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

interface Checked {
  readonly type: 'checked';
  readonly push: ValidPush;
  readonly targets: readonly string[];
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

  const check = (appKey: string, body: JsonObject): Checked | Refusal => {
    const push = validatePush(body, maxTimeToLive);
    if (push.type === 'refusal') return push;
    const targets = registry.find(appKey, push.audience);
    return targetFault(registry, appKey, push.audience, targets) ?? { type: 'checked', push, targets };
  };

  const accept = (appKey: string, body: JsonObject): Accepted | Refusal => {
    const checked = check(appKey, body);
    if (checked.type === 'refusal') return checked;
    const { push, targets } = checked;
    const { content, contentType, notification, notification3rd, timeToLive } = push;
    const accepted: AcceptedPush = {
      msgId: nextMsgId(),
      sendno: push.sendno ?? randomSendno(),
      appKey,
      cid: body.cid as string | undefined,
      registrationIds: targets,
      content,
      contentType,
      notification,
      notification3rd,
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
      return { type: 'accepted', sendno: checked.push.sendno ?? randomSendno(), msgId: nextMsgId() };
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

/** Dead ones of several are left out without a word; only a single one is named (`docs/jpush.md §12`). */
function targetFault(
  registry: Registry,
  appKey: string,
  { registrationIds: ids }: Audience,
  targets: readonly string[],
): Refusal | undefined {
  const [only = '', ...others] = ids ?? [];
  if (ids !== undefined && others.length === 0 && registry.standing(appKey, only) === 'invalid')
    return refusal(400, 1003, `The registration_id ${only} is invalid!`);
  return targets.length > 0 ? undefined : refusal(400, 1011, 'cannot find user by this audience');
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
