/** A message on its way out: accepted, prepared, handed to the provider or failed, expired, cancelled, erased. */

import { assertNever, type Decider, type Decision, decided } from './decider.ts';
import { aloneIn, groupNamed, isAlone, type TargetGroup } from './dispatch-groups.ts';
import { type AcceptedMessage, type EventData, type FailureCode, type MessageEvent, targetKey } from './events.ts';
import { foldInPlace, foldMessage, type KnownMessage, type MessageState, type Outcome } from './message-state.ts';

export type { KnownMessage, MessageState, PreparedGroup } from './message-state.ts';

/** Names a group of targets in a command: everything that its events say of it. */
export type DispatchGroup = Omit<EventData<'MessageDispatchPrepared'>, 'idempotencyKey' | 'keyValidUntil'>;

export type MessageCommand =
  | { readonly type: 'Accept'; readonly message: AcceptedMessage }
  | {
      readonly type: 'PrepareDispatch';
      readonly group: DispatchGroup;
      readonly idempotencyKey?: string | undefined;
      readonly keyValidUntil?: string | undefined;
      /** The group's recorded key as it was when this one was reserved. Of two that replace the same one, the first counts. */
      readonly replaces: string | undefined;
    }
  /** The targets of a group go on one by one from now on, each in the channel that its part names. */
  | { readonly type: 'GoAlone'; readonly parts: readonly DispatchGroup[] }
  | {
      readonly type: 'RecordDispatched';
      readonly group: DispatchGroup;
      readonly providerMessageId?: string | undefined;
    }
  | {
      readonly type: 'RecordFailure';
      readonly group: DispatchGroup;
      readonly failure: FailureCode;
      readonly reason: string;
      readonly provider?: EventData<'MessageDispatchFailed'>['provider'];
    }
  /** Lets the targets of a group that gave up be tried again, in the group's next round. `now` in ms since 1970. */
  | {
      readonly type: 'Redrive';
      readonly group: string;
      readonly who: string;
      readonly why?: string | undefined;
      readonly now: number;
    }
  /** `now` in ms since 1970. */
  | { readonly type: 'Expire'; readonly now: number };

export const messageDecider: Decider<MessageState, MessageCommand, MessageEvent> = {
  initialState: () => ({ status: 'none' }),
  evolve: (state, event) => foldMessage(state, [event]),
  evolveAll: foldMessage,

  decide(command, state) {
    if (command.type === 'Accept')
      return state.status === 'none' ? decided({ type: 'MessageAccepted', data: command.message }) : decided();
    return state.status === 'none' ? decided() : decideAccepted(command, state);
  },
};

/**
 * The same for an owner of the state who needs no earlier one: folding changes the state in place. A copy for each of
 * thousands of appends would cost time that grows with the square of the targets.
 */
export const ownedMessageDecider: Decider<MessageState, MessageCommand, MessageEvent> = {
  ...messageDecider,
  evolve: (state, event) => foldInPlace(state, [event]),
  evolveAll: foldInPlace,
};

function decideAccepted(
  command: Exclude<MessageCommand, { type: 'Accept' }>,
  state: KnownMessage,
): Decision<MessageEvent> {
  switch (command.type) {
    case 'PrepareDispatch': {
      const { idempotencyKey, keyValidUntil } = command;
      const targets = openTargets(state, command.group);
      if (targets.length === 0 || isPrepared(state, command)) return decided();
      return decided({
        type: 'MessageDispatchPrepared',
        data: { ...command.group, targets, idempotencyKey, keyValidUntil },
      });
    }
    case 'GoAlone': {
      // One that goes alone already may have a key, which this would hide.
      const parts = command.parts.filter((part) => !state.alone.has(part.group) && openTargets(state, part).length > 0);
      return decided(...parts.map((data): MessageEvent => ({ type: 'MessageDispatchPrepared', data })));
    }
    case 'RecordDispatched': {
      // A fact, also for a target that was recorded as expired or failed meanwhile: it was reached after all.
      const targets = command.group.targets.filter(
        (clientId) => outcomeOf(state, command.group, clientId)?.type !== 'sent',
      );
      if (targets.length === 0) return decided();
      const { providerMessageId } = command;
      return decided({ type: 'MessageDispatched', data: { ...command.group, targets, providerMessageId } });
    }
    case 'RecordFailure': {
      // Of a run from before the targets were redriven it says nothing: they are tried again.
      const targets = openTargets(state, command.group).filter(
        (clientId) => roundOf(state, command.group, clientId) <= command.group.round,
      );
      if (targets.length === 0) return decided();
      const { failure, reason, provider } = command;
      return decided({ type: 'MessageDispatchFailed', data: { ...command.group, targets, failure, reason, provider } });
    }
    case 'Redrive':
      return redrive(command, state);
    case 'Expire': {
      if (state.erased || command.now < Date.parse(state.message.expiresAt)) return decided();
      const targets = state.message.targets
        .filter((target) => !state.outcomes.has(targetKey(target)) && !state.cancelled.has(targetKey(target)))
        .map(({ clientId, appPackage }) => ({ clientId, appPackage }));
      return targets.length === 0
        ? decided()
        : decided({ type: 'MessageExpired', data: { msgId: state.message.msgId, targets } });
    }
    default:
      return assertNever(command);
  }
}

function redrive(
  { group: name, who, why, now }: Extract<MessageCommand, { type: 'Redrive' }>,
  state: KnownMessage,
): Decision<MessageEvent> {
  const { message, alone } = state;
  const whole = groupNamed(message, name, alone.get(name));
  if (whole === undefined || state.erased || now >= Date.parse(message.expiresAt)) return decided();
  const { group, channel, appPackage } = whole;
  const targets = gaveUpIn(state, whole);
  if (targets.length === 0) return decided();
  const round = 1 + roundOfAll(state, { appPackage, targets });
  return decided({
    type: 'DispatchRedriven',
    data: { msgId: message.msgId, group, channel, appPackage, targets, round, who, why },
  });
}

/**
 * clientIds of a group that a call for it speaks of. A target that has begun to go alone goes on alone: with its group as
 * well it would be sent to twice, with two idempotency keys.
 */
export function targetsOfCall({ alone, message }: KnownMessage, group: TargetGroup): readonly string[] {
  if (isAlone(group.group) || alone.size === 0) return group.targets;
  const names = aloneIn(message, group, group.targets);
  return group.targets.filter((_, index) => !alone.has(names[index] ?? ''));
}

/** clientIds of a group that gave up and were not redriven since. */
export function gaveUpIn(state: KnownMessage, group: TargetGroup): string[] {
  return targetsOfCall(state, group).filter((clientId) => {
    const outcome = outcomeOf(state, group, clientId);
    const isCancelled = state.cancelled.has(targetKey({ clientId, appPackage: group.appPackage }));
    return outcome?.type === 'failed' && outcome.failure === 'gaveUp' && !isCancelled;
  });
}

/**
 * clientIds of the group that still wait for an outcome, in the group's order. Cancelled and erased ones wait for
 * nothing.
 */
export function openTargets(
  state: KnownMessage,
  group: Pick<DispatchGroup, 'appPackage'> & { readonly targets: readonly string[] },
): string[] {
  if (state.erased) return [];
  return group.targets.filter((clientId) => {
    const key = targetKey({ clientId, appPackage: group.appPackage });
    return !state.cancelled.has(key) && !state.outcomes.has(key);
  });
}

/** The round that targets of a group are in; the newest, where they differ. */
export function roundOfAll(
  state: KnownMessage,
  group: { readonly appPackage: string; readonly targets: readonly string[] },
): number {
  if (state.rounds.size === 0) return 0;
  return group.targets.reduce((round, clientId) => Math.max(round, roundOf(state, group, clientId)), 0);
}

function roundOf({ rounds }: KnownMessage, { appPackage }: { appPackage: string }, clientId: string): number {
  return rounds.get(targetKey({ clientId, appPackage })) ?? 0;
}

function outcomeOf(state: KnownMessage, group: { appPackage: string }, clientId: string): Outcome | undefined {
  return state.outcomes.get(targetKey({ clientId, appPackage: group.appPackage }));
}

/** By this very command or, since its key was reserved, by another: then that one's key is the one to call with. */
function isPrepared(state: KnownMessage, command: Extract<MessageCommand, { type: 'PrepareDispatch' }>): boolean {
  const recorded = state.prepared.get(command.group.group);
  if (recorded?.idempotencyKey !== command.replaces) return true;
  return recorded?.idempotencyKey === command.idempotencyKey && recorded?.round === command.group.round;
}
