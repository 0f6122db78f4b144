/** Shapes and checks that the parts of the look-alike share. */

export interface JPushApp {
  readonly appKey: string;
  readonly masterSecret: string;
}

/** A push that was accepted, as the journal keeps it. */
export interface AcceptedPush {
  /** JPush's own id, 18 digits. */
  readonly msgId: string;
  readonly sendno: string;
  readonly appKey: string;
  readonly cid: string | undefined;
  /** The terminals that it went to, without the dead and malformed ones of several. */
  readonly registrationIds: readonly string[];
  /** `message.msg_content`; none in a push that only notifies. */
  readonly content: string | undefined;
  readonly contentType: string | undefined;
  readonly notification: unknown;
  /** A notification of the vendors, for terminals that are offline. */
  readonly notification3rd: unknown;
  /** Seconds. */
  readonly timeToLive: number;
  /** ms since 1970. */
  readonly acceptedAt: number;
}

/** A refusal, as JPush words it. */
export interface Refusal {
  readonly type: 'refusal';
  readonly status: number;
  readonly code: number;
  readonly message: string;
}

export function refusal(status: number, code: number, message: string): Refusal {
  return { type: 'refusal', status, code, message };
}

export const missing = (key: string): Refusal => refusal(400, 1002, `Missing parameter: ${key}`);
export const invalid = (key: string): Refusal => refusal(400, 1003, `'${key}' value is invalid.`);
const unsupported = (key: string): Refusal => refusal(400, 1009, `The key '${key}' is not supported.`);
export const tooLarge = (): Refusal => refusal(400, 1005, 'The message is too large.');

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns `undefined` for text that is no JSON object */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function unknownKey(object: JsonObject, known: Pick<ReadonlySet<string>, 'has'>): Refusal | undefined {
  const key = Object.keys(object).find((name) => !known.has(name));
  return key === undefined ? undefined : unsupported(key);
}

/** A check for whole numbers in a range. */
export function integer(from: number, to: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
}

/**
 * Makes room for `more` in a collection that forgets its oldest. An eighth goes at once, since a Map whose first entries
 * are deleted one by one is slow to find its first.
 */
export function makeRoom(collection: Map<string, unknown>, limit: number, more = 1): void {
  if (collection.size + more <= limit) return;
  let excess = Math.max(collection.size + more - limit, Math.ceil(limit / 8));
  for (const key of collection.keys()) {
    if (excess === 0) return;
    collection.delete(key);
    excess -= 1;
  }
}
