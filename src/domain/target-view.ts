/** How one target of a message stands, folded from the message's events and its receipts. Queries and projections share it. */
import { assertNever } from './decider.ts';
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
    case 'MessageDispatchFailed':
    case 'DispatchRedriven': {
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
      return assertNever(event);
  }
}

/** Events of a target once its message is accepted. */
export type TargetEvent = Exclude<MessageEvent | ReceiptEvent, { type: 'MessageAccepted' }>;

/**
 * The status that an event leaves a target at. Receipts and the worker's own note may overtake each other: only an
 * allowed transition moves it.
 */
export function statusAfter(status: MessageStatus, event: TargetEvent): MessageStatus {
  const next = statusBroughtBy(event);
  return next !== undefined && mayBecome(status, next) ? next : status;
}

function statusBroughtBy(event: TargetEvent): MessageStatus | undefined {
  switch (event.type) {
    case 'MessageDispatchPrepared':
    case 'MessageDispatchFailed':
    case 'DispatchRedriven':
    case 'MessageExpired':
      return undefined;
    case 'MessageDispatched':
      return MessageStatus.sent;
    case 'MessageDisplayCancelled':
      return MessageStatus.cancelled;
    case 'MessageErased':
      return MessageStatus.erased;
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return reportedStatus(event);
    default:
      return assertNever(event);
  }
}

/** The view of a target after an event about it. */
export function evolveTarget<V extends TargetView>(
  view: V,
  event: TargetEvent,
  metadata: Pick<EventMetadata, 'at'>,
): V {
  const status = statusAfter(view.status, event);
  const moved = status === view.status ? view : { ...view, status };
  switch (event.type) {
    case 'MessageDispatchPrepared':
    case 'DispatchRedriven':
    case 'MessageErased':
      return moved;
    case 'MessageDispatched':
      return { ...moved, pushTime: view.pushTime ?? metadata.at };
    case 'MessageDispatchFailed':
      return { ...moved, failure: view.failure ?? { code: event.data.failure, reason: event.data.reason } };
    case 'MessageExpired':
      return { ...moved, failure: view.failure ?? { code: 'expired', reason: 'not taken by a provider in time' } };
    case 'MessageDisplayCancelled':
      return {
        ...moved,
        failure: view.failure ?? (neverSent(view) ? { code: 'cancelled', reason: event.data.cause } : undefined),
      };
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return { ...moved, reportTime: metadata.at };
    default:
      return assertNever(event);
  }
}

/** The failure to show: while the status is 0, or 5 of a target that was never sent to (`docs/api.md §4`). */
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

function neverSent(view: TargetView): boolean {
  return view.pushTime === undefined && view.status === MessageStatus.notSent;
}
