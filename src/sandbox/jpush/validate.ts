/** Checks a push object in JPush's order: what is missing, then types and values, then sizes (`jpush.md §2, §6`). */
import { optionsFault } from './options.ts';
import { sizeFault } from './sizes.ts';
import { invalid, isObject, type JsonObject, missing, type Refusal, unsupported } from './types.ts';

const MAX_TARGETS = 1000;

export interface ValidPush {
  readonly type: 'valid';
  /** Distinct registration ids; `undefined` for an audience of another kind. */
  readonly registrationIds: readonly string[] | undefined;
  readonly content: string | undefined;
  readonly contentType: string | undefined;
  readonly notification: unknown;
  readonly timeToLive: number;
  readonly sendno: string | undefined;
}

const DEFAULT_TIME_TO_LIVE = 86_400;
const platforms = ['android', 'ios', 'hmos', 'quickapp', 'winphone'];

const topLevelKeys = new Set(
  (
    'cid platform audience notification message inapp_message live_activity notification_3rd sms_message options ' +
    'callback'
  ).split(' '),
);
const audienceKeys = new Set(
  'registration_id alias tag tag_and tag_not segment abtest live_activity_id file'.split(' '),
);
const messageKeys = new Set(['msg_content', 'title', 'content_type', 'extras']);
const notificationKeys = new Set(['alert', ...platforms]);

/** @param maxTimeToLive seconds that the tier allows */
export function validatePush(body: JsonObject, maxTimeToLive: number): ValidPush | Refusal {
  return missingFault(body) ?? valueFault(body, maxTimeToLive) ?? sizeFault(body) ?? validPush(body);
}

function missingFault({ platform, audience, notification, message }: JsonObject): Refusal | undefined {
  if (platform === undefined) return missing('platform');
  if (audience === undefined || (isObject(audience) && targetKinds(audience).length === 0)) return missing('audience');
  if (notification === undefined && message === undefined) return missing('notification or message');
  if (isObject(message) && message.msg_content === undefined) return missing('msg_content');
  if (isObject(notification)) return missingAlert(notification);
  return undefined;
}

function missingAlert(notification: JsonObject): Refusal | undefined {
  const parts = platforms.map((platform) => notification[platform]).filter((part) => part !== undefined);
  if (parts.length === 0) return notification.alert === undefined ? missing('alert') : undefined;
  return parts.some((part) => isObject(part) && part.alert === undefined) ? missing('alert') : undefined;
}

function valueFault(body: JsonObject, maxTimeToLive: number): Refusal | undefined {
  return (
    unknownKey(body, topLevelKeys) ??
    platformFault(body.platform) ??
    audienceFault(body.audience) ??
    notificationFault(body.notification) ??
    messageFault(body.message) ??
    optionsFault(body.options, maxTimeToLive)
  );
}

function unknownKey(object: JsonObject, known: ReadonlySet<string>): Refusal | undefined {
  const key = Object.keys(object).find((name) => !known.has(name));
  return key === undefined ? undefined : unsupported(key);
}

function platformFault(platform: unknown): Refusal | undefined {
  if (platform === 'all') return undefined;
  const fine = Array.isArray(platform) && platform.length > 0 && platform.every((name) => platforms.includes(name));
  return fine ? undefined : invalid('platform');
}

function audienceFault(audience: unknown): Refusal | undefined {
  if (audience === 'all') return undefined;
  if (!isObject(audience)) return invalid('audience');
  const unknown = unknownKey(audience, audienceKeys);
  if (unknown !== undefined) return unknown;
  for (const kind of targetKinds(audience)) {
    const members = audience[kind];
    if (kind === 'file' || kind === 'live_activity_id') continue;
    if (!Array.isArray(members) || members.length > MAX_TARGETS) return invalid(kind);
    if (!members.every((member) => typeof member === 'string' && member !== '')) return invalid(kind);
  }
  return undefined;
}

function notificationFault(notification: unknown): Refusal | undefined {
  if (notification === undefined) return undefined;
  if (!isObject(notification)) return invalid('notification');
  if (notification.alert !== undefined && typeof notification.alert !== 'string') return invalid('alert');
  const { android, ios } = notification;
  if (android !== undefined && !(isObject(android) && typeof android.alert === 'string')) return invalid('android');
  if (ios !== undefined && !(isObject(ios) && (typeof ios.alert === 'string' || isObject(ios.alert))))
    return invalid('ios');
  return unknownKey(notification, notificationKeys);
}

function messageFault(message: unknown): Refusal | undefined {
  if (message === undefined) return undefined;
  if (!isObject(message)) return invalid('message');
  if (typeof message.msg_content !== 'string') return invalid('msg_content');
  for (const key of ['title', 'content_type'])
    if (message[key] !== undefined && typeof message[key] !== 'string') return invalid(key);
  if (message.extras !== undefined && !isObject(message.extras)) return invalid('extras');
  return unknownKey(message, messageKeys);
}

/** An empty array counts as absent. */
function targetKinds(audience: JsonObject): string[] {
  return Object.keys(audience).filter((kind) => !(Array.isArray(audience[kind]) && audience[kind].length === 0));
}

function validPush({ audience, message, notification, options }: JsonObject): ValidPush {
  const { registration_id: ids } = audience as JsonObject;
  const { msg_content: content, content_type: contentType } = (message ?? {}) as Record<string, string | undefined>;
  const { time_to_live: timeToLive, sendno } = (options ?? {}) as Record<string, number | undefined>;
  return {
    type: 'valid',
    registrationIds: Array.isArray(ids) && ids.length > 0 ? [...new Set(ids as string[])] : undefined,
    content,
    contentType,
    notification,
    timeToLive: timeToLive ?? DEFAULT_TIME_TO_LIVE,
    sendno: sendno === undefined ? undefined : String(sendno),
  };
}
