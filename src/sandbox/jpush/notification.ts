/** The `notification` of a push object (`docs/jpush.md §2`): an alert for all, or an object for each platform. */
import { integer, invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

export const platforms = ['android', 'ios', 'hmos', 'quickapp', 'winphone'];

const keys = new Set(['alert', ...platforms]);

const androidRanges: Readonly<Record<string, (value: unknown) => boolean>> = {
  priority: integer(-2, 2),
  style: integer(0, 3),
  alert_type: integer(-1, 7),
};

export function missingAlert(notification: JsonObject): Refusal | undefined {
  // Of a plain text for hmos JPush says this; for the other platforms that its type is wrong.
  if (typeof notification.hmos === 'string') return missing('hmos');
  const parts = platforms.map((platform) => notification[platform]).filter((part) => part !== undefined);
  if (parts.length === 0) return notification.alert === undefined ? missing('alert') : undefined;
  return parts.some((part) => isObject(part) && part.alert === undefined) ? missing('alert') : undefined;
}

export function notificationFault(notification: unknown): Refusal | undefined {
  if (notification === undefined) return undefined;
  if (!isObject(notification)) return invalid('notification');
  if (notification.alert !== undefined && typeof notification.alert !== 'string') return invalid('alert');
  for (const platform of platforms) {
    const part = notification[platform];
    if (part === undefined) continue;
    const fault = isObject(part) ? partFault(platform, part) : invalid(platform);
    if (fault !== undefined) return fault;
  }
  return unknownKey(notification, keys);
}

function partFault(platform: string, part: JsonObject): Refusal | undefined {
  const { alert, extras } = part;
  if (typeof alert !== 'string' && !(platform === 'ios' && isObject(alert))) return invalid(platform);
  if (extras !== undefined && !isObject(extras)) return invalid('extras');
  if (platform !== 'android') return undefined;
  const wrong = Object.entries(androidRanges).find(([key, fits]) => part[key] !== undefined && !fits(part[key]));
  return wrong === undefined ? undefined : invalid(wrong[0]);
}
