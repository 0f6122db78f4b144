/** The `notification` of a push object (`docs/jpush.md §2, §14`): an alert for all, or an object for each platform. */
import { integer, invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

export const platforms = ['android', 'ios', 'hmos', 'quickapp', 'winphone'];

const keys = new Set(['alert', 'ai_opportunity', 'voip', ...platforms]);

const androidChecks: Readonly<Record<string, (value: unknown) => boolean>> = {
  builder_id: integer(0, Number.MAX_SAFE_INTEGER),
  priority: integer(-2, 2),
  style: integer(0, 3),
  alert_type: integer(-1, 7),
};

/** HarmonyOS cards (1) and live windows (7): the vendor's own payload says all. */
const payloadTypes: readonly unknown[] = [1, 7];

export function missingInNotification(notification: JsonObject): Refusal | undefined {
  const { hmos, ai_opportunity: generated } = notification;
  // JPush says this of an hmos part that is a text or empty; of other platforms it says that the value is wrong.
  if (typeof hmos === 'string' || (isObject(hmos) && isEmpty(hmos))) return missing('hmos');
  const saysSomething = ['alert', 'voip', ...platforms].some((key) => notification[key] !== undefined);
  return saysSomething || generated === true ? undefined : missing('alert');
}

export function notificationFault(notification: unknown): Refusal | undefined {
  if (notification === undefined) return undefined;
  if (!isObject(notification)) return invalid('notification');
  const { alert, ai_opportunity: generated, voip } = notification;
  if (alert !== undefined && typeof alert !== 'string') return invalid('alert');
  if (generated !== undefined && typeof generated !== 'boolean') return invalid('ai_opportunity');
  if (voip !== undefined && !isObject(voip)) return invalid('voip');
  return partsFault(notification, alert !== undefined) ?? unknownKey(notification, keys);
}

/** @param inherits whether a part without an alert has that of the whole notification */
export function partsFault(parts: JsonObject, inherits: boolean): Refusal | undefined {
  for (const platform of platforms) {
    const part = parts[platform];
    if (part === undefined) continue;
    const fault = isObject(part) && !isEmpty(part) ? partFault(platform, part, inherits) : invalid(platform);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function partFault(platform: string, part: JsonObject, inherits: boolean): Refusal | undefined {
  const { alert, extras } = part;
  const mayBeSilent = inherits || (platform === 'hmos' && isPayload(part));
  const fine = typeof alert === 'string' || (alert === undefined ? mayBeSilent : platform === 'ios' && isObject(alert));
  if (!fine) return invalid(`${platform}.alert`);
  if (extras !== undefined && !isObject(extras)) return invalid('extras');
  if (platform !== 'android') return undefined;
  const wrong = Object.entries(androidChecks).find(([key, fits]) => part[key] !== undefined && !fits(part[key]));
  return wrong === undefined ? undefined : invalid(wrong[0]);
}

function isPayload({ push_type: type, hm_payload: payload }: JsonObject): boolean {
  return payloadTypes.includes(type) && isObject(payload);
}

function isEmpty(part: JsonObject): boolean {
  return Object.keys(part).length === 0;
}
