/** JPush's size limits, in bytes of UTF-8 (`docs/jpush.md §2`). */
import { isObject, type JsonObject, type Refusal, tooLarge } from './types.ts';

/** A message to any platform; with an Android notification, both together. */
const MAX_BYTES = 4000;
/** The whole object of a platform, its braces included. */
const MAX_IOS_BYTES = 2000;
const MAX_WINPHONE_BYTES = 1000;

export function sizeFault({
  platform,
  notification,
  notification_3rd: third,
  message,
}: JsonObject): Refusal | undefined {
  const { alert, android, ios, winphone } = (notification ?? third ?? {}) as JsonObject;
  if (jsonBytes(ios) > MAX_IOS_BYTES || jsonBytes(winphone) > MAX_WINPHONE_BYTES) return tooLarge();
  const toAndroid = platform === 'all' || (Array.isArray(platform) && platform.includes('android'));
  const androidPart = android ?? (alert === undefined ? undefined : { alert });
  const androidBytes = toAndroid ? jsonBytes(androidPart) : 0;
  return androidBytes + messageBytes(message) > MAX_BYTES ? tooLarge() : undefined;
}

/** Texts count as they are, not as JSON escapes them. */
function messageBytes(message: unknown): number {
  if (!isObject(message)) return 0;
  const { msg_content: content, title, content_type: contentType, extras } = message;
  const texts = [content, title, contentType].filter((text) => typeof text === 'string');
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), jsonBytes(extras));
}

function jsonBytes(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value));
}
