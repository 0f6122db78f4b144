/** The push object of one delivery (`docs/jpush.md §2, §15`). */
import type { JPushCredentials } from '../../../domain/apps.ts';
import type { Delivery } from '../channel.ts';

/** JSON text; a pushId that several recipients share is named once. */
export function pushBody(delivery: Delivery, notification: JPushCredentials['notification']): string {
  return JSON.stringify({
    cid: delivery.idempotencyKey,
    platform: 'all',
    audience: { registration_id: pushIdsOf(delivery) },
    notification: notification && notificationOf(notification),
    message: { msg_content: delivery.payload, content_type: 'application/json' },
    options: { time_to_live: delivery.timeToLive },
  });
}

export function pushIdsOf({ recipients }: Pick<Delivery, 'recipients'>): string[] {
  return [...new Set(recipients.map(({ pushId }) => pushId))];
}

/**
 * As little as says it, since it counts against the same 4000 bytes as the message: a plain alert goes for every
 * platform at once, only a title needs a part for each.
 */
function notificationOf({ alert, title }: NonNullable<JPushCredentials['notification']>): object {
  if (title === undefined) return { alert };
  return { android: { alert, title }, ios: { alert: { title, body: alert } } };
}
