import { never } from '../domain/decider.ts';
import { type AcceptedMessage, type MessageEvent, type ReceiptEvent, targetKey } from '../domain/events.ts';
import { reportedStatus } from '../domain/receipt.ts';
import { countByStatus, MessageStatus, mayBecome, messageStatusOf } from '../domain/status.ts';
import { targetsOf } from '../domain/target-view.ts';
import { type MessageDocument, messages, type TargetStanding } from '../ports/read-models.ts';
import type { Projection } from './projection.ts';
import { targetEvents } from './target-events.ts';

type Event = MessageEvent | ReceiptEvent;

/** A message each, with how many of its targets stand at each status. */
export const messagesProjection: Projection<MessageDocument, Event> = {
  name: 'messages',
  collection: messages,
  filter: targetEvents,
  creates: ['MessageAccepted'],
  idsOf: ({ data }) => [data.msgId],
  evolve(document, { event, metadata }) {
    if (event.type === 'MessageAccepted') return accepted(event.data, metadata.at);
    if (document === undefined) return undefined;
    const changed = withStandings(document, event);
    return event.type === 'MessageDispatched' ? { ...changed, pushTime: document.pushTime ?? metadata.at } : changed;
  },
};

function accepted(message: AcceptedMessage, at: string): MessageDocument {
  const { msgId, origin, appId, userId, expiresAt } = message;
  const targets = message.targets.map(({ clientId, appPackage }) => ({
    clientId,
    appPackage,
    status: MessageStatus.notSent,
    settled: false,
  }));
  return { msgId, origin, appId, userId, acceptedAt: at, expiresAt, ...totals(targets) };
}

function withStandings(document: MessageDocument, event: Exclude<Event, { type: 'MessageAccepted' }>): MessageDocument {
  const affected = new Set(targetsOf(event).map(targetKey));
  const targets = document.targets.map((target) =>
    affected.has(targetKey(target)) ? standing(target, event) : target,
  );
  return { ...document, ...totals(targets) };
}

function totals(targets: readonly TargetStanding[]): Pick<MessageDocument, 'targets' | 'counts' | 'status'> {
  const counts = countByStatus(targets.map(({ status }) => status));
  return { targets, counts, status: messageStatusOf(counts) };
}

function standing(target: TargetStanding, event: Exclude<Event, { type: 'MessageAccepted' }>): TargetStanding {
  switch (event.type) {
    case 'MessageDispatchPrepared':
      return target;
    case 'MessageDispatched':
      return { ...raise(target, MessageStatus.sent), settled: true };
    case 'MessageDispatchFailed':
    case 'MessageExpired':
      return { ...target, settled: true };
    case 'MessageDisplayCancelled':
      return { ...raise(target, MessageStatus.cancelled), settled: true };
    case 'MessageErased':
      return { ...raise(target, MessageStatus.erased), settled: true };
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return raise(target, reportedStatus(event));
    default:
      return never(event);
  }
}

function raise(target: TargetStanding, status: MessageStatus): TargetStanding {
  return mayBecome(target.status, status) ? { ...target, status } : target;
}
