/** The notification beside a message, for terminals whose app does not run (`docs/jpush.md §14`). */
import type { JPushNotification } from '../../../domain/apps.ts';
import type { Delivery } from '../channel.ts';

/** Parts of the push object; both empty where there is nothing to show. */
export interface NotificationParts {
  readonly notification: { readonly notification?: object; readonly notification_3rd?: object };
  readonly options: { readonly notification_3rd_ver?: 'v2' };
}

const nothing: NotificationParts = { notification: {}, options: {} };

/** A control has none: it takes a message off the screen. */
export function notificationOf({ type, msgId }: Delivery, settings: JPushNotification | undefined): NotificationParts {
  if (settings === undefined || type === 'control') return nothing;
  const parts = platformParts(msgId, settings);
  // JPush takes only one of the two. The second version is the one that knows iOS and HarmonyOS.
  return settings.when === 'offline'
    ? { notification: { notification_3rd: parts }, options: { notification_3rd_ver: 'v2' } }
    : { notification: { notification: parts }, options: {} };
}

/** Each platform has a part of its own: HarmonyOS shows nothing without one, and `extras` tie a tap to its message. */
function platformParts(msgId: string, settings: JPushNotification): object {
  const { alert, sound, badge, category, channelId } = settings;
  const title = settings.title === '' ? undefined : settings.title;
  const intent = typeof settings.intent === 'string' ? { url: settings.intent } : settings.intent;
  const extras = { msgId };
  return {
    android: { alert, title, channel_id: channelId, category, intent, extras },
    ios: { alert: title === undefined ? alert : { title, body: alert }, sound, badge, extras },
    hmos: { alert, title, category, intent, extras },
  };
}
