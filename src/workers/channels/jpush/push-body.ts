/** The push object of one delivery (`docs/jpush.md §2, §14`). */
import { DEFAULT_MAX_TIME_TO_LIVE, type JPushAccount } from '../../../domain/apps.ts';
import type { Delivery } from '../channel.ts';
import { payloadOf } from '../payload.ts';
import { notificationOf } from './notification.ts';

/** JSON text; a pushId that several recipients share is named once. */
export function pushBody(delivery: Delivery, account: JPushAccount): string {
  const { maxTimeToLive = DEFAULT_MAX_TIME_TO_LIVE, apnsProduction = true } = account;
  const { notification, options } = notificationOf(delivery, account.notification);
  return JSON.stringify({
    cid: delivery.idempotencyKey,
    platform: 'all',
    audience: { registration_id: pushIdsOf(delivery) },
    ...notification,
    message: { msg_content: payloadOf(delivery), content_type: 'application/json' },
    options: {
      ...account.options,
      ...options,
      // JPush refuses a push that asks for more than the tier allows, and the message would be lost.
      time_to_live: Math.min(delivery.timeToLive, maxTimeToLive),
      apns_production: apnsProduction,
    },
  });
}

export function pushIdsOf({ recipients }: Pick<Delivery, 'recipients'>): string[] {
  return [...new Set(recipients.map(({ pushId }) => pushId))];
}
