/** The provider's idempotency key of a group: recorded before it is used, the same on every retry, never a second one on suspicion. */
import type { PreparedGroup } from '../../domain/message.ts';
import type { CallFailure, Channel } from '../channels/channel.ts';
import type { Turn } from './lane.ts';
import type { DeliveryDeps, Work } from './work.ts';

/** A key that ends within this time is not relied on. */
const MARGIN_MS = 60_000;
/** A provider that takes none of these takes no other either. */
const MAX_RESERVED = 3;

export type GroupKey =
  /** Absent where the channel has no keys. */
  | { readonly type: 'key'; readonly key?: string }
  /** A call may have been made with the recorded one, which the provider does not honour; another could push twice. */
  | { readonly type: 'unsafe'; readonly reason: string }
  /** The message's stream has moved on meanwhile. */
  | { readonly type: 'changed' }
  | Exclude<CallFailure, { type: 'deferred' }>;

/** The key that was recorded for the group, or a new one, recorded before it is used. @throws PauseQueue */
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

/** Why a recorded key is of no use, in words for the event. */
function faultOf({ keyValidUntil }: PreparedGroup, key: string, { run }: Work, now: number): string | undefined {
  if (run.refused.has(key)) return 'the outcome of an earlier try is unknown and the provider does not take its key';
  const ends = keyValidUntil === undefined ? Number.POSITIVE_INFINITY : Date.parse(keyValidUntil);
  return ends - MARGIN_MS > now ? undefined : 'the outcome of an earlier try is unknown and its key is too old to ask';
}

/**
 * Only a person may decide to risk a second push, and has by redriving. With a key that this run reserved there is no
 * risk: had the outcome of a call been unknown, the run would be over.
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
  // A target that was cancelled meanwhile is not in the event any more, and must not be in the call.
  return prepared.data.targets.length === group.targets.length ? { type: 'key', key } : { type: 'changed' };
}
