/**
 * The provider's idempotency key of a group. It is recorded before it is used and stays the same on every retry; a mere
 * suspicion never leads to a second key.
 */
import type { PreparedGroup } from '../../domain/message.ts';
import type { CallFailure, Channel } from '../channels/channel.ts';
import type { Turn } from './lane.ts';
import type { DeliveryDeps, Work } from './work.ts';

/** A key that expires within this time, in ms, is not used. */
const MARGIN_MS = 60_000;
/** Keys that one run reserves, at most. A provider that refuses all of these would refuse further ones too. */
const MAX_RESERVED = 3;

export type GroupKey =
  /** `key` is absent if the channel has no keys. */
  | { readonly type: 'key'; readonly key?: string }
  /**
   * A call may have been made with the recorded key, which the provider no longer honours. Another key could push
   * twice.
   */
  | { readonly type: 'unsafe'; readonly reason: string }
  /** The message's stream has moved on meanwhile. */
  | { readonly type: 'changed' }
  | Exclude<CallFailure, { type: 'deferred' }>;

/** Returns the recorded key of the group, or a new one that it records first. @throws PauseQueue */
export async function groupKey({ clock }: DeliveryDeps, work: Work, channel: Channel, turn: Turn): Promise<GroupKey> {
  const { reserveKey } = channel;
  if (reserveKey === undefined) return { type: 'key' };
  const { run, state, group } = work;
  const recorded = state.prepared.get(group.group);
  const known = recorded?.idempotencyKey;
  if (recorded !== undefined && known !== undefined) {
    const fault = faultOf(recorded, known, work, clock.now());
    if (fault === undefined) return { type: 'key', key: known };
    if (!mayRenew(recorded, known, work)) return { type: 'unsafe', reason: fault };
    if (run.reserved.size >= MAX_RESERVED) return { type: 'unsafe', reason: 'the provider takes none of its own keys' };
  }
  const result = await turn.reserve(() => reserveKey.call(channel, group.appPackage, run.signal));
  if (result.type !== 'reserved') return result;
  return record(work, result.key, new Date(result.validUntil).toISOString(), known);
}

/** The reason why a recorded key can't be used, in words for the event; `undefined` if it can. */
function faultOf({ keyValidUntil }: PreparedGroup, key: string, { run }: Work, now: number): string | undefined {
  if (run.refused.has(key)) return 'the outcome of an earlier try is unknown and the provider does not take its key';
  const ends = keyValidUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(keyValidUntil);
  return ends - MARGIN_MS > now ? undefined : 'the outcome of an earlier try is unknown and its key is too old to ask';
}

/**
 * Only a person may decide to risk a second push, and does so by redriving. There is no risk with a key that this run
 * has reserved: after a call with an unknown outcome the run would be over.
 */
function mayRenew({ round }: PreparedGroup, key: string, { run, group }: Work): boolean {
  return round < group.round || run.reserved.has(key);
}

async function record(
  { run, group, record }: Work,
  key: string,
  keyValidUntil: string,
  replaces: string | undefined,
): Promise<GroupKey> {
  const [prepared] = await record(
    { type: 'PrepareDispatch', group, idempotencyKey: key, keyValidUntil, replaces },
    key,
  );
  if (prepared?.type !== 'MessageDispatchPrepared') return { type: 'changed' };
  run.reserved.add(key);
  // A target that was cancelled meanwhile is not in the event, and so must not be in the call.
  return prepared.data.targets.length === group.targets.length ? { type: 'key', key } : { type: 'changed' };
}
