/** The read model of deliveries: a document for each target of each message. */
import type { TargetView } from '../../domain/target-view.ts';
import type { Collection } from '../documents.ts';

export interface DeliveryDocument extends TargetView {
  /** Its place among the targets of the message. */
  readonly index: number;
}

/** Its id is `deliveryId`. */
export const deliveries = {
  name: 'deliveries',
  version: 1,
  indexes: {
    message: {
      key: (delivery: DeliveryDocument) => delivery.msgId,
      sort: ({ index }) => String(index).padStart(6, '0'),
    },
  },
} satisfies Collection<DeliveryDocument>;
