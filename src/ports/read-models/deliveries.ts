/** The read model of deliveries: one document for each target of each message. */
import type { TargetView } from '../../domain/target-view.ts';
import type { Collection } from '../documents.ts';

export interface DeliveryDocument extends TargetView {
  /** Index of the target in its message. */
  readonly index: number;
}

/** The id of a document is `deliveryId`. */
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
