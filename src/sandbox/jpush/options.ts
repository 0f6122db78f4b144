/** The `options` and the `sms_message` of a push object (`docs/jpush.md §2`). */
import { integer, invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

type Check = (value: unknown, maxTimeToLive: number) => boolean;
type Checks = ReadonlyMap<string, Check>;

const bool: Check = (value) => typeof value === 'boolean';
const text: Check = (value) => typeof value === 'string';
const object: Check = (value) => isObject(value);
const texts: Check = (value) => Array.isArray(value) && value.every((member) => typeof member === 'string');

const distributions = ['first_ospush', 'ospush', 'jpush', 'secondary_push'];
/** An object for each vendor. */
const thirdPartyChannel: Check = (value) =>
  isObject(value) &&
  Object.values(value).every(
    (vendor) => isObject(vendor) && [undefined, ...distributions].includes(vendor.distribution as string | undefined),
  );

const optionChecks = checksOf({
  sendno: (value) => Number.isInteger(value) && value !== 0,
  time_to_live: (value, max) => integer(0, max)(value),
  apns_production: bool,
  apns_collapse_id: (value) => typeof value === 'string' && Buffer.byteLength(value) <= 64,
  // The look-alike keeps no messages to override, so every override fails like one whose id is too old.
  override_msg_id: () => false,
  big_push_duration: integer(0, 1400),
  third_party_channel: thirdPartyChannel,
  classification: integer(0, 1),
  test_model: bool,
  test_message: bool,
  active_push: bool,
  need_backup: bool,
  business_operation_code: text,
  notification_3rd_ver: (value) => value === 'v1' || value === 'v2',
  receipt_id: text,
  target_event: texts,
  alternate_set: bool,
  auto_truncation: bool,
  geofence: object,
  mkt_enable: bool,
  notification_switch_filter: bool,
  portal_extra: object,
});

const smsChecks = checksOf({
  delay_time: integer(0, Number.MAX_SAFE_INTEGER),
  temp_id: integer(0, Number.MAX_SAFE_INTEGER),
  temp_para: isObject,
  signid: integer(0, Number.MAX_SAFE_INTEGER),
  active_filter: bool,
});

export function optionsFault(options: unknown, maxTimeToLive: number): Refusal | undefined {
  return faultOf('options', options, optionChecks, maxTimeToLive);
}

export function missingInSms(sms: unknown): Refusal | undefined {
  if (!isObject(sms)) return undefined;
  const absent = ['delay_time', 'temp_id'].find((key) => sms[key] === undefined);
  return absent === undefined ? undefined : missing(absent);
}

export function smsFault(sms: unknown): Refusal | undefined {
  return faultOf('sms_message', sms, smsChecks, 0);
}

function faultOf(name: string, object: unknown, checks: Checks, maxTimeToLive: number): Refusal | undefined {
  if (object === undefined) return undefined;
  if (!isObject(object)) return invalid(name);
  return unknownKey(object, checks) ?? wrongValue(object, checks, maxTimeToLive);
}

function wrongValue(object: JsonObject, checks: Checks, maxTimeToLive: number): Refusal | undefined {
  const wrong = Object.keys(object).find((key) => !checks.get(key)?.(object[key], maxTimeToLive));
  return wrong === undefined ? undefined : invalid(wrong);
}

function checksOf(checks: Readonly<Record<string, Check>>): Checks {
  return new Map(Object.entries(checks));
}
