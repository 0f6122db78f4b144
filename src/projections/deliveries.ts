import type { AcceptedMessage, MessageEvent, ReceiptEvent, TargetRef } from '../domain/events.ts';
import { registrationId } from '../domain/streams.ts';
import { evolveTarget, targetsOf, viewOfNewTarget } from '../domain/target-view.ts';
import { type DeliveryDocument, deliveries } from '../ports/read-models/deliveries.ts';
import type { Projection } from './projection.ts';
import { targetEvents } from './target-events.ts';

type Event = MessageEvent | ReceiptEvent;

/** One document for each target of each message. */
export const deliveriesProjection: Projection<DeliveryDocument, Event> = {
  name: 'deliveries',
  collection: deliveries,
  filter: targetEvents,
  creates: ['MessageAccepted'],
  idsOf: (event) => targetsOf(event).map((target) => deliveryId(event.data.msgId, target)),
  evolve(document, { event, metadata }, id) {
    if (event.type === 'MessageAccepted') {
      const { targets, msgId } = event.data;
      const index = placesOf(event.data).get(id) ?? -1;
      const target = targets[index];
      if (target === undefined) throw new Error(`no target ${id} in message ${msgId}`);
      return { ...viewOfNewTarget(event.data, target), index };
    }
    return document === undefined ? undefined : evolveTarget(document, event, metadata);
  },
};

/**
 * The index of each target in its message. Cached, since the targets of a message are looked up one after the other.
 */
const places = new WeakMap<AcceptedMessage, ReadonlyMap<string, number>>();

function placesOf(message: AcceptedMessage): ReadonlyMap<string, number> {
  const known =
    places.get(message) ??
    new Map(message.targets.map((target, index) => [deliveryId(message.msgId, target), index] as const));
  places.set(message, known);
  return known;
}

function deliveryId(msgId: string, target: TargetRef): string {
  return `${msgId}/${registrationId(target)}`;
}
