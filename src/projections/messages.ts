import type { AcceptedMessage, MessageEvent, ReceiptEvent, TargetRef } from '../domain/events.ts';
import { countByStatus, MessageStatus, messageStatusOf, type StatusCounts } from '../domain/status.ts';
import { statusAfter, type TargetEvent, targetsOf } from '../domain/target-view.ts';
import {
  type MessageDocument,
  messages,
  type OpenStanding,
  openStandings,
  type PackageTargets,
  type TargetStanding,
} from '../ports/read-models/messages.ts';
import type { Projection } from './projection.ts';
import { targetEvents } from './target-events.ts';

type Event = MessageEvent | ReceiptEvent;

/** One document for each message, with the number of its targets at each status. */
export const messagesProjection: Projection<MessageDocument, Event> = {
  name: 'messages',
  collection: messages,
  filter: { ...targetEvents, types: [...targetEvents.types, 'DispatchRedriven'] },
  creates: ['MessageAccepted'],
  idsOf: ({ data }) => [data.msgId],
  evolve(document, { event, metadata }) {
    if (event.type === 'MessageAccepted') return accepted(event.data, metadata.at);
    if (document === undefined) return undefined;
    const moved = withStandings(document, event);
    return event.type === 'MessageDispatched' && moved.pushTime === undefined
      ? { ...moved, pushTime: metadata.at }
      : moved;
  },
};

function accepted(message: AcceptedMessage, at: string): MessageDocument {
  const { msgId, origin, appId, userId, expiresAt, targets } = message;
  const counts = countByStatus(targets.map(() => MessageStatus.notSent));
  return {
    msgId,
    origin,
    appId,
    userId,
    acceptedAt: at,
    expiresAt,
    status: messageStatusOf(counts),
    counts,
    targetCount: targets.length,
    targets: [...Map.groupBy(targets, ({ appPackage }) => appPackage)].map(([appPackage, those]) => ({
      appPackage,
      clientIds: those.map(({ clientId }) => clientId),
      standings: openStandings[MessageStatus.notSent].repeat(those.length),
    })),
  };
}

/** Returns the same document if the event changes the standing of none of its targets. */
function withStandings(document: MessageDocument, event: TargetEvent): MessageDocument {
  const spokenOf = Map.groupBy(targetsOf(event), ({ appPackage }) => appPackage);
  const counts = { ...document.counts };
  const targets = document.targets.map((those) => moved(those, spokenOf.get(those.appPackage) ?? [], event, counts));
  if (targets.every((those, index) => those === document.targets[index])) return document;
  return { ...document, targets, counts, status: messageStatusOf(counts) };
}

/** @param counts updated in place with each change */
function moved(
  those: PackageTargets,
  spokenOf: readonly TargetRef[],
  event: TargetEvent,
  counts: StatusCounts,
): PackageTargets {
  const { clientIds } = those;
  let { standings } = those;
  let place = -1;
  for (const { clientId } of spokenOf) {
    place = placeOf(clientIds, clientId, place + 1);
    if (place < 0) continue;
    const before = standings.charAt(place) as TargetStanding;
    const after = standingAfter(before, event);
    if (after === before) continue;
    counts[`${statusOf(before)}`] -= 1;
    counts[`${statusOf(after)}`] += 1;
    standings = standings.slice(0, place) + after + standings.slice(place + 1);
  }
  return standings === those.standings ? those : { ...those, standings };
}

/**
 * Index of a target, or −1. The search starts at `from`, since events usually name targets in the order of acceptance.
 */
function placeOf(clientIds: readonly string[], clientId: string, from: number): number {
  const ahead = clientIds.indexOf(clientId, from);
  return ahead >= 0 ? ahead : clientIds.indexOf(clientId);
}

function standingAfter(standing: TargetStanding, event: TargetEvent): TargetStanding {
  const status = statusAfter(statusOf(standing), event);
  return isOpenAfter(isOpen(standing), event) && status in openStandings
    ? openStandings[status as keyof typeof openStandings]
    : `${status}`;
}

/** Only an outcome, a recall or an erasure closes a target. A report does not: its sending may still be owed. */
function isOpenAfter(before: boolean, { type }: TargetEvent): boolean {
  switch (type) {
    case 'MessageDispatched':
    case 'MessageDispatchFailed':
    case 'MessageExpired':
    case 'MessageDisplayCancelled':
    case 'MessageErased':
      return false;
    case 'DispatchRedriven':
      return true;
    default:
      return before;
  }
}

const statusOfOpen = new Map<string, MessageStatus>(
  Object.entries(openStandings).map(([status, letter]) => [letter, Number(status) as MessageStatus]),
);

function isOpen(standing: TargetStanding): standing is OpenStanding {
  return statusOfOpen.has(standing);
}

function statusOf(standing: TargetStanding): MessageStatus {
  return statusOfOpen.get(standing) ?? (Number(standing) as MessageStatus);
}
