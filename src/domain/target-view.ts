/** How one target of a message stands, folded from the message's events and its receipts. Queries and projections share it. */
import { never } from './decider.ts';
import {
  type AcceptedMessage,
  type EventMetadata,
  type FailureCode,
  type MessageEvent,
  type ReceiptEvent,
  type Target,
  type TargetRef,
  targetKey,
} from './events.ts';
import { reportedStatus } from './receipt.ts';
import { MessageStatus, mayBecome } from './status.ts';

export interface TargetView extends Target {
  readonly msgId: string;
  readonly status: MessageStatus;
  /** ISO time of the first hand-over to a provider. */
  readonly pushTime?: string | undefined;
  /** ISO time of the newest report. */
  readonly reportTime?: string | undefined;
  /** The first reason why it was not sent to; the first stays. */
  readonly failure?: { readonly code: FailureCode; readonly reason: string } | undefined;
}

export function viewOfNewTarget(message: AcceptedMessage, target: Target): TargetView {
  return { ...target, msgId: message.msgId, status: MessageStatus.notSent };
}

/** The targets that an event speaks of. */
export function targetsOf(event: MessageEvent | ReceiptEvent): readonly TargetRef[] {
  switch (event.type) {
    case 'MessageDispatchPrepared':
      return [];
    case 'MessageDispatched':
    case 'MessageDispatchFailed': {
      const { appPackage, targets } = event.data;
      return targets.map((clientId) => ({ clientId, appPackage }));
    }
    case 'MessageAccepted':
    case 'MessageExpired':
    case 'MessageDisplayCancelled':
    case 'MessageErased':
      return event.data.targets;
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return [{ clientId: event.data.clientId, appPackage: event.data.appPackage }];
    default:
      return never(event);
  }
}

/** What an event that speaks of this target does to it. */
export function evolveTarget<V extends TargetView>(
  view: V,
  event: Exclude<MessageEvent | ReceiptEvent, { type: 'MessageAccepted' }>,
  metadata: Pick<EventMetadata, 'at'>,
): V {
  switch (event.type) {
    case 'MessageDispatchPrepared':
      return view;
    case 'MessageDispatched':
      return { ...raise(view, MessageStatus.sent), pushTime: view.pushTime ?? metadata.at };
    case 'MessageDispatchFailed':
      return { ...view, failure: view.failure ?? { code: event.data.failure, reason: event.data.reason } };
    case 'MessageExpired':
      return { ...view, failure: view.failure ?? { code: 'expired', reason: 'not taken by a provider in time' } };
    case 'MessageDisplayCancelled':
      return {
        ...raise(view, MessageStatus.cancelled),
        failure: view.failure ?? (neverSent(view) ? { code: 'cancelled', reason: event.data.cause } : undefined),
      };
    case 'MessageErased':
      return raise(view, MessageStatus.erased);
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return { ...raise(view, reportedStatus(event)), reportTime: metadata.at };
    default:
      return never(event);
  }
}

/** The failure to show: while the status is 0, or 5 of a target that was never sent to (`contract.md §4`). */
export function shownFailure(view: TargetView): TargetView['failure'] {
  const shown =
    view.status === MessageStatus.notSent || (view.status === MessageStatus.cancelled && view.pushTime === undefined);
  return shown ? view.failure : undefined;
}

/** Every target of a message as its whole history leaves it, in the order of acceptance. */
export function viewTargets(
  history: Iterable<{ readonly event: MessageEvent | ReceiptEvent; readonly metadata: Pick<EventMetadata, 'at'> }>,
): TargetView[] {
  const views = new Map<string, TargetView>();
  for (const { event, metadata } of history) {
    if (event.type === 'MessageAccepted') {
      for (const target of event.data.targets) views.set(targetKey(target), viewOfNewTarget(event.data, target));
      continue;
    }
    for (const key of targetsOf(event).map(targetKey)) {
      const view = views.get(key);
      if (view !== undefined) views.set(key, evolveTarget(view, event, metadata));
    }
  }
  return [...views.values()];
}

/** Receipts and the worker's own note may overtake each other: only an allowed transition moves the status. */
function raise<V extends TargetView>(view: V, status: MessageStatus): V {
  return mayBecome(view.status, status) ? { ...view, status } : view;
}

function neverSent(view: TargetView): boolean {
  return view.pushTime === undefined && view.status === MessageStatus.notSent;
}
