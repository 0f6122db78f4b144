/**
 * The meaning of each JPush error code to UMS (`docs/jpush.md §6.1, §12`; failures of `docs/api.md §3 MessageInfo`).
 */

/** The outcome of a call; `target` depends on its recipients. */
export type CodeClass = 'failed' | 'deferred' | 'denied' | 'refused' | 'target';

/** code → [class, meaning in our words]. */
const table: Readonly<Record<number, readonly [CodeClass, string]>> = {
  1000: ['failed', 'internal error'],
  1001: ['refused', 'method not allowed'],
  1002: ['refused', 'a required parameter is missing'],
  1003: ['refused', 'a value is invalid'],
  1004: ['denied', 'authentication failed'],
  1005: ['refused', 'message too large'],
  1008: ['denied', 'bad app key'],
  1009: ['refused', 'unsupported key'],
  1011: ['target', 'no such target'],
  1012: ['deferred', 'over the limit of this kind of push'],
  1020: ['denied', 'https required'],
  1030: ['failed', 'internal timeout'],
  1035: ['refused', 'unsupported combination'],
  2002: ['deferred', 'rate limit exceeded'],
  2003: ['denied', 'app key is blocked'],
  2004: ['denied', 'caller address is not allowed'],
  2005: ['denied', 'push volume beyond reason'],
  2006: ['denied', 'VIP only'],
  2007: ['denied', 'not permitted'],
  2008: ['denied', 'daily broadcast cap reached'],
};

/**
 * @param namesRegistrationId whether the answer's text mentions a registration_id: a 1003 is then about the
 * target instead of the message
 */
export function classOf(status: number, code: number | undefined, namesRegistrationId: boolean): CodeClass {
  if (status >= 500) return 'failed';
  if (code === 1003 && namesRegistrationId) return 'target';
  const known = code === undefined ? undefined : table[code];
  return known?.[0] ?? classOfStatus(status, code);
}

/** An unknown code counts by its HTTP status. Without a code, 401 and 403 can only be about us. */
function classOfStatus(status: number, code: number | undefined): CodeClass {
  if (status === 429) return 'deferred';
  if (code === undefined && (status === 401 || status === 403)) return 'denied';
  return status >= 400 && status !== 408 ? 'refused' : 'failed';
}

/** Keys of a push object: safe to repeat, since they are never content. */
const pushKeys =
  /\b(platform|audience|registration_id|msg_content|content_type|time_to_live|cid|notification|options)\b/;

/**
 * One line for the event and the log, in our own words: JPush's text may quote the request, so only the name of a push
 * key is repeated from it.
 */
export function reasonOf(status: number, code: number | undefined, text = ''): string {
  if (code === undefined) return `HTTP ${status}`;
  const meaning = table[code]?.[1] ?? 'unknown code';
  const key = pushKeys.exec(text)?.[1];
  return `JPush ${code} (HTTP ${status}): ${meaning}${key === undefined ? '' : ` (${key})`}`;
}
