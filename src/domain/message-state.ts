/** What a message's events say of it, folded. */
import { assertNever } from './decider.ts';
import { isAlone } from './dispatch-groups.ts';
import {
  type AcceptedMessage,
  type ChannelName,
  type FailureCode,
  type MessageEvent,
  type TargetRef,
  targetKey,
} from './events.ts';

export type Outcome = { readonly type: 'sent' } | { readonly type: 'failed'; readonly failure: FailureCode };

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
      /** The groups of a single target that events speak of, each with the channel that it went to last. */
      readonly alone: ReadonlyMap<string, ChannelName>;
      /** By targetKey; a target without one is still to be sent to. */
      readonly outcomes: ReadonlyMap<string, Outcome>;
      /** By targetKey, the round of each target that was redriven; 0 for the others. */
      readonly rounds: ReadonlyMap<string, number>;
      /** targetKeys whose display was cancelled. */
      readonly cancelled: ReadonlySet<string>;
      readonly erased: boolean;
    };

export type KnownMessage = Extract<MessageState, { status: 'accepted' }>;

/** A known message while it is folded: nobody else has it yet, so it is changed in place. */
interface Draft {
  readonly status: 'accepted';
  readonly message: AcceptedMessage;
  readonly prepared: Map<string, PreparedGroup>;
  readonly alone: Map<string, ChannelName>;
  readonly outcomes: Map<string, Outcome>;
  readonly rounds: Map<string, number>;
  readonly cancelled: Set<string>;
  erased: boolean;
}

/** One copy for all events: a stream has several for each target, and a copy for each would make it quadratic. */
export function foldMessage(state: MessageState, events: Iterable<MessageEvent>): MessageState {
  return foldInto(state.status === 'none' ? undefined : draftOf(state), events) ?? state;
}

function foldInto(known: Draft | undefined, events: Iterable<MessageEvent>): Draft | undefined {
  let draft = known;
  for (const event of events) {
    if (event.type === 'MessageAccepted') draft = newDraft(event.data);
    else if (draft !== undefined) applyTo(draft, event);
  }
  return draft;
}

/** The same, and the state before is changed: for an owner who needs it no more. */
export function foldInPlace(state: MessageState, events: Iterable<MessageEvent>): MessageState {
  return foldInto(state.status === 'none' ? undefined : (state as Draft), events) ?? state;
}

function newDraft(message: AcceptedMessage): Draft {
  return {
    status: 'accepted',
    message,
    prepared: new Map(),
    alone: new Map(),
    outcomes: new Map(),
    rounds: new Map(),
    cancelled: new Set(),
    erased: false,
  };
}

function draftOf(state: KnownMessage): Draft {
  return {
    ...state,
    prepared: new Map(state.prepared),
    alone: new Map(state.alone),
    outcomes: new Map(state.outcomes),
    rounds: new Map(state.rounds),
    cancelled: new Set(state.cancelled),
  };
}

function applyTo(draft: Draft, event: Exclude<MessageEvent, { type: 'MessageAccepted' }>): void {
  switch (event.type) {
    case 'MessageDispatchPrepared': {
      const { group, idempotencyKey, keyValidUntil, round } = event.data;
      draft.prepared.set(group, { idempotencyKey, keyValidUntil, round });
      noteAlone(draft, event.data);
      break;
    }
    case 'MessageDispatched':
      noteAlone(draft, event.data);
      setOutcome(draft, refsOf(event.data), { type: 'sent' });
      break;
    case 'MessageDispatchFailed': {
      const { failure } = event.data;
      noteAlone(draft, event.data);
      setOutcome(draft, refsOf(event.data), { type: 'failed', failure });
      break;
    }
    case 'DispatchRedriven':
      noteAlone(draft, event.data);
      for (const key of refsOf(event.data).map(targetKey)) {
        draft.outcomes.delete(key);
        draft.rounds.set(key, event.data.round);
      }
      break;
    case 'MessageExpired':
      setOutcome(draft, event.data.targets, { type: 'failed', failure: 'expired' });
      break;
    case 'MessageDisplayCancelled':
      for (const target of event.data.targets) draft.cancelled.add(targetKey(target));
      break;
    case 'MessageErased':
      draft.erased = true;
      break;
    default:
      assertNever(event);
  }
}

function noteAlone({ alone }: Draft, { group, channel }: { group: string; channel: ChannelName }): void {
  if (isAlone(group)) alone.set(group, channel);
}

function setOutcome({ outcomes }: Draft, targets: readonly TargetRef[], outcome: Outcome): void {
  for (const target of targets) outcomes.set(targetKey(target), outcome);
}

function refsOf(data: { appPackage: string; targets: readonly string[] }): TargetRef[] {
  return data.targets.map((clientId) => ({ clientId, appPackage: data.appPackage }));
}
