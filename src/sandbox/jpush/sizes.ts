/** JPush's size limits, in bytes of UTF-8 (`jpush.md §2`). */
import { isObject, type JsonObject, type Refusal, tooLarge } from './types.ts';

/** An Android notification and the message together; a message to iOS. */
const MAX_BYTES = 4000;
/** The whole `ios` object, its braces included. */
const MAX_IOS_BYTES = 2000;

export function sizeFault({ notification, message }: JsonObject): Refusal | undefined {
  const { alert, android, ios } = (notification ?? {}) as JsonObject;
  const iosBytes = ios === undefined ? 0 : jsonBytes(ios);
  if (iosBytes > MAX_IOS_BYTES) return tooLarge();
  const androidPart = android ?? (alert === undefined ? undefined : { alert });
  const androidBytes = androidPart === undefined ? 0 : jsonBytes(androidPart);
  return androidBytes + messageBytes(message) > MAX_BYTES ? tooLarge() : undefined;
}

/** Texts count as they are, not as JSON escapes them. */
function messageBytes(message: unknown): number {
  if (!isObject(message)) return 0;
  const { msg_content: content, title, content_type: contentType, extras } = message;
  const texts = [content, title, contentType].filter((text) => typeof text === 'string');
  const extrasBytes = extras === undefined ? 0 : jsonBytes(extras);
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), extrasBytes);
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
