import type { Delivery } from './channel.ts';

/** The JSON text that the terminal receives (`docs/api.md §6`). */
export function payloadOf(delivery: Delivery): string {
  return delivery.type === 'message'
    ? delivery.payload
    : JSON.stringify({ msgId: delivery.msgId, control: delivery.control });
}
