/** Reads JPush's answers, tolerant of every shape that was seen in the wild (`docs/jpush.md §3`). */

export interface Answer {
  /** Text also where JSON has a number: it may be beyond 2^53. */
  readonly msgId?: string | undefined;
  readonly code?: number | undefined;
  readonly message?: string | undefined;
  readonly cids?: readonly string[] | undefined;
  /** There is an `error` object in it, with any content. */
  readonly hasError?: boolean;
}

/** Anything that can't be read is left out; a body that is no JSON object yields `{}`. Never throws. */
export function parseAnswer(text: string): Answer {
  const body = parseObject(text);
  if (body === undefined) return {};
  // Gateways in front of JPush leave out the `error` around code and message.
  const error = isObject(body.error) ? body.error : undefined;
  const { code, message } = error ?? body;
  return {
    msgId: msgIdOf(body.msg_id),
    code: codeOf(code),
    message: typeof message === 'string' ? message : undefined,
    cids: cidsOf(body.cidlist),
    hasError: error !== undefined,
  };
}

/** A provider's message id: 1 to 64 visible ASCII characters. */
export function msgIdOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,64}$/.test(value) ? value : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text, keepLongNumbers);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The third argument of a reviver is newer than TypeScript's own declaration of it. */
function keepLongNumbers(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return key === 'msg_id' && typeof value === 'number' ? (context?.source ?? String(value)) : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function codeOf(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(code) ? (code as number) : undefined;
}

/** All of them or none: a list with a member that can't be a cid is not understood. */
function cidsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const cids = value.filter((cid): cid is string => typeof cid === 'string' && /^[\x21-\x7e]{1,128}$/.test(cid));
  return cids.length === value.length && cids.length > 0 ? [...new Set(cids)] : undefined;
}
