/** Checks a push object in JPush's order: missing parts, then types and values, then sizes (`docs/jpush.md §2, §6`). */
import { type Audience, audienceFault, audienceOf, missingAudience } from './audience.ts';
import { missingInNotification, notificationFault, platforms } from './notification.ts';
import { notification3rdFault } from './notification-3rd.ts';
import { missingInSms, optionsFault, smsFault } from './options.ts';
import { sizeFault } from './sizes.ts';
import { invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

export interface ValidPush {
  readonly type: 'valid';
  readonly audience: Audience;
  readonly content: string | undefined;
  readonly contentType: string | undefined;
  readonly notification: unknown;
  readonly notification3rd: unknown;
  readonly timeToLive: number;
  readonly sendno: string | undefined;
}

const DEFAULT_TIME_TO_LIVE = 86_400;

const topLevelKeys = new Set(
  (
    'cid platform audience notification message inapp_message live_activity notification_3rd sms_message options ' +
    'callback'
  ).split(' '),
);
const messageKeys = new Set(['msg_content', 'title', 'content_type', 'extras', 'test_message']);

/** @param maxTimeToLive seconds that the tier allows */
export function validatePush(body: JsonObject, maxTimeToLive: number): ValidPush | Refusal {
  return missingFault(body) ?? valueFault(body, maxTimeToLive) ?? sizeFault(body) ?? validPush(body);
}

function missingFault(body: JsonObject): Refusal | undefined {
  const { platform, audience, notification, message, inapp_message: inApp, live_activity: live } = body;
  if (platform === undefined) return missing('platform');
  const nobody = missingAudience(audience);
  if (nobody !== undefined) return nobody;
  if ([notification, message, inApp, live].every((content) => content === undefined))
    return missing('notification or message');
  if (isObject(message) && message.msg_content === undefined) return missing('msg_content');
  const silent = isObject(notification) ? missingInNotification(notification) : undefined;
  return silent ?? missingInSms(body.sms_message);
}

function valueFault(body: JsonObject, maxTimeToLive: number): Refusal | undefined {
  return (
    unknownKey(body, topLevelKeys) ??
    platformFault(body.platform) ??
    audienceFault(body.audience) ??
    notificationFault(body.notification) ??
    notification3rdFault(body) ??
    liveActivityFault(body) ??
    messageFault(body.message) ??
    smsFault(body.sms_message) ??
    optionsFault(body.options, maxTimeToLive)
  );
}

function platformFault(platform: unknown): Refusal | undefined {
  if (platform === 'all') return undefined;
  const fine = Array.isArray(platform) && platform.length > 0 && platform.every((name) => platforms.includes(name));
  return fine ? undefined : invalid('platform');
}

function liveActivityFault({ live_activity: live, notification }: JsonObject): Refusal | undefined {
  return live !== undefined && notification !== undefined ? invalid('live_activity') : undefined;
}

function messageFault(message: unknown): Refusal | undefined {
  if (message === undefined) return undefined;
  if (!isObject(message)) return invalid('message');
  if (typeof message.msg_content !== 'string') return invalid('msg_content');
  for (const key of ['title', 'content_type'])
    if (message[key] !== undefined && typeof message[key] !== 'string') return invalid(key);
  if (message.extras !== undefined && !isObject(message.extras)) return invalid('extras');
  if (message.test_message !== undefined && typeof message.test_message !== 'boolean') return invalid('test_message');
  return unknownKey(message, messageKeys);
}

function validPush(body: JsonObject): ValidPush {
  const { audience, message, notification, notification_3rd: notification3rd, options } = body;
  const { msg_content: content, content_type: contentType } = (message ?? {}) as Record<string, string | undefined>;
  const { time_to_live: timeToLive, sendno } = (options ?? {}) as Record<string, number | undefined>;
  return {
    type: 'valid',
    audience: audienceOf(audience),
    content,
    contentType,
    notification,
    notification3rd,
    timeToLive: timeToLive ?? DEFAULT_TIME_TO_LIVE,
    sendno: sendno === undefined ? undefined : String(sendno),
  };
}
