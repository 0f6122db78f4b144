/** A message on its way out: accepted, prepared, handed to the provider or failed, expired, cancelled, erased. */
import { type Decider, type Decision, decided, never } from './decider.ts';
import {
  type AcceptedMessage,
  type EventData,
  type FailureCode,
  type MessageEvent,
  type TargetRef,
  targetKey,
} from './events.ts';

export type Outcome =
  | { readonly type: 'sent' }
  | { readonly type: 'failed'; readonly failure: FailureCode; readonly round: number };

export interface PreparedGroup {
  readonly idempotencyKey?: string | undefined;
  readonly keyValidUntil?: string | undefined;
  readonly round: number;
}

export type MessageState =
  | { readonly status: 'none' }
  | {
      readonly status: 'accepted';
      readonly message: AcceptedMessage;
      /** The newest preparation of each group. */
      readonly prepared: ReadonlyMap<string, PreparedGroup>;
      /** By targetKey; a target without one is still to be sent to. */
      readonly outcomes: ReadonlyMap<string, Outcome>;
      /** targetKeys whose display was cancelled. */
      readonly cancelled: ReadonlySet<string>;
      readonly erased: boolean;
    };

export type KnownMessage = Extract<MessageState, { status: 'accepted' }>;

/** What names a group of targets in a command: all that its events say of it. */
export type DispatchGroup = Omit<EventData<'MessageDispatchPrepared'>, 'idempotencyKey' | 'keyValidUntil'>;

export type MessageCommand =
  | { readonly type: 'Accept'; readonly message: AcceptedMessage }
  | {
      readonly type: 'PrepareDispatch';
      readonly group: DispatchGroup;
      readonly idempotencyKey?: string | undefined;
      readonly keyValidUntil?: string | undefined;
    }
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
  /** `now` in ms since 1970. */
  | { readonly type: 'Expire'; readonly now: number };

const none: MessageState = { status: 'none' };

export const messageDecider: Decider<MessageState, MessageCommand, MessageEvent> = {
  initialState: () => none,

  evolve(state, event) {
    if (event.type === 'MessageAccepted')
      return {
        status: 'accepted',
        message: event.data,
        prepared: new Map(),
        outcomes: new Map(),
        cancelled: new Set(),
        erased: false,
      };
    return state.status === 'none' ? state : evolveAccepted(state, event);
  },

  decide(command, state) {
    if (command.type === 'Accept')
      return state.status === 'none' ? decided({ type: 'MessageAccepted', data: command.message }) : decided();
    return state.status === 'none' ? decided() : decideAccepted(command, state);
  },
};

function evolveAccepted(state: KnownMessage, event: Exclude<MessageEvent, { type: 'MessageAccepted' }>): KnownMessage {
  switch (event.type) {
    case 'MessageDispatchPrepared': {
      const { group, idempotencyKey, keyValidUntil, round } = event.data;
      return { ...state, prepared: new Map(state.prepared).set(group, { idempotencyKey, keyValidUntil, round }) };
    }
    case 'MessageDispatched':
      return withOutcome(state, refsOf(event.data), { type: 'sent' });
    case 'MessageDispatchFailed': {
      const { failure, round } = event.data;
      return withOutcome(state, refsOf(event.data), { type: 'failed', failure, round });
    }
    case 'MessageExpired':
      return withOutcome(state, event.data.targets, { type: 'failed', failure: 'expired', round: 0 });
    case 'MessageDisplayCancelled':
      return { ...state, cancelled: new Set([...state.cancelled, ...event.data.targets.map(targetKey)]) };
    case 'MessageErased':
      return { ...state, erased: true };
    default:
      return never(event);
  }
}

function decideAccepted(
  command: Exclude<MessageCommand, { type: 'Accept' }>,
  state: KnownMessage,
): Decision<MessageEvent> {
  switch (command.type) {
    case 'PrepareDispatch': {
      const { idempotencyKey, keyValidUntil } = command;
      const targets = openTargets(state, command.group);
      if (targets.length === 0 || isCurrentKey(state, command)) return decided();
      return decided({
        type: 'MessageDispatchPrepared',
        data: { ...command.group, targets, idempotencyKey, keyValidUntil },
      });
    }
    case 'RecordDispatched': {
      // A fact whatever was thought meanwhile: also a target held for expired or failed was reached after all.
      const targets = command.group.targets.filter(
        (clientId) => outcomeOf(state, command.group, clientId)?.type !== 'sent',
      );
      if (targets.length === 0) return decided();
      const { providerMessageId } = command;
      return decided({ type: 'MessageDispatched', data: { ...command.group, targets, providerMessageId } });
    }
    case 'RecordFailure': {
      const targets = openTargets(state, command.group);
      if (targets.length === 0) return decided();
      const { failure, reason, provider } = command;
      return decided({ type: 'MessageDispatchFailed', data: { ...command.group, targets, failure, reason, provider } });
    }
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
      return never(command);
  }
}

/**
 * clientIds of the group that still wait for an outcome, in the group's order. What gave up in an earlier round than
 * the group's waits again: an operator has redriven it. What was cancelled or erased waits for nothing.
 */
export function openTargets(
  state: KnownMessage,
  group: Pick<DispatchGroup, 'appPackage' | 'targets' | 'round'>,
): string[] {
  if (state.erased) return [];
  return group.targets.filter((clientId) => {
    if (state.cancelled.has(targetKey({ clientId, appPackage: group.appPackage }))) return false;
    const outcome = outcomeOf(state, group, clientId);
    return (
      outcome === undefined ||
      (outcome.type === 'failed' && outcome.failure === 'gaveUp' && outcome.round < group.round)
    );
  });
}

function outcomeOf(state: KnownMessage, group: { appPackage: string }, clientId: string): Outcome | undefined {
  return state.outcomes.get(targetKey({ clientId, appPackage: group.appPackage }));
}

function isCurrentKey(state: KnownMessage, command: Extract<MessageCommand, { type: 'PrepareDispatch' }>): boolean {
  const prepared = state.prepared.get(command.group.group);
  return (
    prepared !== undefined &&
    prepared.idempotencyKey === command.idempotencyKey &&
    prepared.round === command.group.round
  );
}

function withOutcome(state: KnownMessage, targets: readonly TargetRef[], outcome: Outcome): KnownMessage {
  const outcomes = new Map(state.outcomes);
  for (const target of targets) outcomes.set(targetKey(target), outcome);
  return { ...state, outcomes };
}

function refsOf(data: { appPackage: string; targets: readonly string[] }): TargetRef[] {
  return data.targets.map((clientId) => ({ clientId, appPackage: data.appPackage }));
}
