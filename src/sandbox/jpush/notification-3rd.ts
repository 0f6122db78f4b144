/** The `notification_3rd` of a push object: shown by a vendor where the message does not get through (`docs/jpush.md §14`). */
import { partsFault } from './notification.ts';
import { invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

/** The first version knows Android alone and has no parts. */
const firstKeys = new Set(
  (
    'title content intent uri_activity uri_action badge_class badge_add_num badge_set_num sound channel_id ' + 'extras'
  ).split(' '),
);
const secondKeys = new Set(['android', 'ios', 'hmos']);

/** @param body the push object: it stands in for a message, and excludes a notification */
export function notification3rdFault({
  notification_3rd: third,
  notification,
  message,
  options,
}: JsonObject): Refusal | undefined {
  if (third === undefined) return undefined;
  if (!isObject(third) || notification !== undefined || message === undefined) return invalid('notification_3rd');
  const isSecond = isObject(options) && options.notification_3rd_ver === 'v2';
  return isSecond ? secondFault(third) : firstFault(third);
}

function firstFault(third: JsonObject): Refusal | undefined {
  const { content, extras } = third;
  if (content === undefined) return missing('content');
  if (typeof content !== 'string') return invalid('content');
  if (extras !== undefined && !isObject(extras)) return invalid('extras');
  return unknownKey(third, firstKeys);
}

function secondFault(third: JsonObject): Refusal | undefined {
  if (Object.keys(third).length === 0) return invalid('notification_3rd');
  return partsFault(third, false) ?? unknownKey(third, secondKeys);
}
