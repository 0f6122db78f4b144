/** The `jpush` settings of a package in the apps file (`docs/api.md §6`, `docs/jpush.md §14`). */
import { z } from 'zod';

export type ObjectSchema = <T extends z.ZodRawShape>(shape: T, message: string) => z.ZodObject<T>;

export const nonEmpty = z.string('must be a string').min(1, 'must not be empty');

/** The limit of VIP accounts, in seconds. */
const LONGEST_TIME_TO_LIVE = 864_000;
const MAX_NOTIFICATION_BYTES = 512;

/** Options that UMS sets by itself, and what to do instead. */
const reserved: ReadonlyMap<string, string> = new Map([
  ['time_to_live', 'set maxTimeToLive'],
  ['apns_production', 'set apnsProduction'],
  ['sendno', 'UMS sends none'],
  ['override_msg_id', 'a message replaces no other'],
]);

/** The keys of `third_party_channel` that JPush knows. Others are passed on as they are: vendors come and go. */
const vendors = ['xiaomi', 'huawei', 'honor', 'meizu', 'fcm', 'oppo', 'vivo', 'nio', 'hmos', 'asus'];

/** @param object makes the schemas of objects with a fixed set of keys */
export function jpushSchema(object: ObjectSchema) {
  return object(
    {
      appKey: nonEmpty,
      masterSecret: nonEmpty,
      maxTimeToLive: wholeNumber(1, LONGEST_TIME_TO_LIVE).optional(),
      apnsProduction: z.boolean('must be true or false').optional(),
      notification: notificationSchema(object).optional(),
      options: optionsSchema.optional(),
    },
    'must be an object',
  );
}

function notificationSchema(object: ObjectSchema) {
  const intent = z.union([nonEmpty, z.object({ url: nonEmpty })], 'must be a text, or an object with a url');
  const schema = object(
    {
      alert: nonEmpty,
      title: z.string('must be a string').optional(),
      sound: nonEmpty.optional(),
      badge: badgeSchema.optional(),
      category: nonEmpty.optional(),
      intent: intent.optional(),
      channelId: nonEmpty.optional(),
      when: z.enum(['always', 'offline'], 'must be "always" or "offline"').optional(),
    },
    'must be an object',
  );
  return schema.refine(
    (notification) => Buffer.byteLength(JSON.stringify(notification)) <= MAX_NOTIFICATION_BYTES,
    `must be at most ${MAX_NOTIFICATION_BYTES} bytes as JSON`,
  );
}

const badgeSchema = z.custom<number | string>(
  (badge) => (typeof badge === 'string' ? /^[+-]?\d{1,5}$/.test(badge) : isWithin(badge, 0, 99_999)),
  'must be a whole number from 0 to 99999, or a text such as "+1"',
);

const optionsSchema = z.record(z.string(), z.unknown(), 'must be an object').check(({ value, issues }) => {
  const fault = (path: PropertyKey[], message: string): void => {
    issues.push({ code: 'custom', input: value, path, message });
  };
  for (const [key, instead] of reserved) if (Object.hasOwn(value, key)) fault([key], `must be left out: ${instead}`);
  const { third_party_channel: channels } = value;
  if (channels === undefined) return;
  if (!isObject(channels)) return fault(['third_party_channel'], 'must be an object');
  for (const vendor of vendors)
    if (Object.hasOwn(channels, vendor) && !isObject(channels[vendor]))
      fault(['third_party_channel', vendor], 'must be an object');
});

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function wholeNumber(min: number, max: number) {
  return z.custom<number>((value) => isWithin(value, min, max), `must be a whole number from ${min} to ${max}`);
}
