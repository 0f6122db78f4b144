/** The `options` of a push object (`jpush.md §2`). */
import { invalid, isObject, type Refusal, unsupported } from './types.ts';

type Check = (value: unknown, maxTimeToLive: number) => boolean;

const integer =
  (from: number, to: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
const bool: Check = (value) => typeof value === 'boolean';
const object: Check = isObject;

const checks: Readonly<Record<string, Check>> = {
  sendno: (value) => Number.isInteger(value) && value !== 0,
  time_to_live: (value, max) => integer(0, max)(value, max),
  apns_production: bool,
  apns_collapse_id: (value) => typeof value === 'string' && Buffer.byteLength(value) <= 64,
  // There is no earlier message that this one knows of, so every override fails like one of an id too old.
  override_msg_id: () => false,
  big_push_duration: integer(0, 1400),
  third_party_channel: object,
  classification: integer(0, 1),
  test_model: bool,
  test_message: bool,
  active_push: bool,
  need_backup: bool,
  business_operation_code: (value) => typeof value === 'string',
  notification_3rd_ver: (value) => typeof value === 'string',
};

export function optionsFault(options: unknown, maxTimeToLive: number): Refusal | undefined {
  if (options === undefined) return undefined;
  if (!isObject(options)) return invalid('options');
  const keys = Object.keys(options);
  const unknown = keys.find((key) => !Object.hasOwn(checks, key));
  if (unknown !== undefined) return unsupported(unknown);
  const wrong = keys.find((key) => !checks[key]?.(options[key], maxTimeToLive));
  return wrong === undefined ? undefined : invalid(wrong);
}
