/** How the look-alike checks a push object, in JPush's order (`docs/jpush.md §2, §6`). */
import { describe, expect, it } from 'vitest';
import { validatePush } from '../../../src/sandbox/jpush/validate.ts';
import { pushTo } from './support.ts';

const check = (body: Record<string, unknown>) => validatePush(body, 864_000);
const codeOf = (body: Record<string, unknown>): number | 'valid' => {
  const result = check(body);
  return result.type === 'valid' ? 'valid' : result.code;
};
const withMessage = (message: unknown) => pushTo(['a'], { message });
const withOptions = (options: unknown) => pushTo(['a'], { options });
const notifying = (notification: unknown) => pushTo(['a'], { message: undefined, notification });

const withThird = (third: unknown, more: object = {}) => pushTo(['a'], { notification_3rd: third, ...more });
const second = { options: { notification_3rd_ver: 'v2' } };
const notifyingLive = pushTo(['a'], { notification: { alert: 'x' }, live_activity: {} });

it('reads a push', () => {
  const body = pushTo(['a', 'b', 'a'], {
    message: { msg_content: 'hi', content_type: 'text', title: 't', extras: { a: 1 } },
    options: { time_to_live: 60, sendno: 7, apns_production: true },
  });
  expect(check(body)).toEqual({
    type: 'valid',
    audience: { registrationIds: ['a', 'b'], fits: expect.any(Function) },
    content: 'hi',
    contentType: 'text',
    notification: undefined,
    notification3rd: undefined,
    timeToLive: 60,
    sendno: '7',
  });
  expect(check(pushTo(['a']))).toMatchObject({ timeToLive: 86_400, sendno: undefined });
});

const android = (more: object) => notifying({ android: { alert: 'x', ...more } });
const many = (count: number) => Array.from({ length: count }, (_, index) => `member-${index}`);

it.each([
  [
    'all that an Android notification may have',
    android({ priority: -2, style: 3, alert_type: -1, extras: {}, title: 'x' }),
  ],
  ['other platforms', notifying({ ios: { alert: {} }, hmos: { alert: 'x' }, quickapp: { alert: 'x' } })],
  ['an SMS', pushTo(['a'], { sms_message: { delay_time: 0, temp_id: 1, temp_para: {}, active_filter: true } })],
  ['as many as there may be', pushTo([], { audience: { tag: many(20), alias: ['x'.repeat(40)] } })],
  [
    'a part that has its alert from the whole',
    notifying({ alert: 'x', android: { builder_id: 100 }, ios: { badge: 1 } }),
  ],
  ['a live window of HarmonyOS', notifying({ hmos: { push_type: 7, hm_payload: { a: 1 } } })],
  ['what the official SDKs add', notifying({ alert: 'x', ai_opportunity: false, voip: { key: 'value' } })],
  ['a generated notification', notifying({ ai_opportunity: true })],
  ['a test message', withMessage({ msg_content: '', test_message: true })],
  ['options that the official SDKs know', withOptions({ receipt_id: 'r', target_event: ['e'], need_backup: true })],
  ['a vendor notification', withThird({ content: 'x', title: 't', extras: {} })],
  [
    'one of the second version',
    withThird({ android: { alert: 'x' }, ios: { alert: {} }, hmos: { alert: 'x' } }, second),
  ],
  ['a live activity alone', pushTo(['a'], { message: undefined, live_activity: {} })],
  ['a way of distribution', withOptions({ third_party_channel: { xiaomi: { distribution: 'ospush' }, huawei: {} } })],
])('takes %s', (_, body) => expect(codeOf(body)).toBe('valid'));

describe('1002, something is missing:', () => {
  it.each([
    ['platform', pushTo(['a'], { platform: undefined })],
    ['audience', pushTo(['a'], { audience: undefined })],
    ['audience, for an empty array counts as absent', pushTo([])],
    ['message and notification', withMessage(undefined)],
    ['msg_content', withMessage({ title: 'x' })],
    ['alert', notifying({})],
    ['an hmos part that says something', notifying({ hmos: {} })],
    ['alert of a notification that is not to be generated', notifying({ ai_opportunity: false })],
    ['content of a vendor notification', withThird({ title: 'x' })],
    ['an object for hmos, where a text stands', notifying({ alert: 'x', hmos: 'hello' })],
    ['delay_time of an SMS', pushTo(['a'], { sms_message: { temp_id: 1 } })],
    ['temp_id of an SMS', pushTo(['a'], { sms_message: { delay_time: 0 } })],
  ])('%s', (_, body) => expect(codeOf(body)).toBe(1002));
});

describe('1003, a value is wrong:', () => {
  it.each([
    ['platform', pushTo(['a'], { platform: 5 })],
    ['platform', pushTo(['a'], { platform: ['android', 'amiga'] })],
    ['platform', pushTo(['a'], { platform: [] })],
    ['audience', pushTo(['a'], { audience: 'some' })],
    ['an empty member', pushTo(['a', ''])],
    ['a member that is no text', pushTo([1 as never])],
    ['too many members', pushTo(Array.from({ length: 1001 }, (_, index) => `id-${index}`))],
    ['registration_id', pushTo(['a'], { audience: { registration_id: 'a' } })],
    ['too many aliases', pushTo([], { audience: { alias: many(1001) } })],
    ['an alias that is too long', pushTo([], { audience: { alias: ['极'.repeat(14)] } })],
    ['too many tags', pushTo([], { audience: { tag: many(21) } })],
    ['too many tags, all of them', pushTo(['a'], { audience: { registration_id: ['a'], tag_and: many(21) } })],
    ['too many tags, none of them', pushTo(['a'], { audience: { registration_id: ['a'], tag_not: many(21) } })],
    ['more than one segment', pushTo([], { audience: { segment: many(2) } })],
    ['message', withMessage('hi')],
    ['msg_content', withMessage({ msg_content: { a: 1 } })],
    ['content_type', withMessage({ msg_content: '', content_type: 1 })],
    ['extras', withMessage({ msg_content: '', extras: 'x' })],
    ['notification', notifying('x')],
    ['alert', notifying({ alert: 1 })],
    ['android', notifying({ android: 'x' })],
    ['android, empty', notifying({ android: {} })],
    ['android, empty beside an alert', notifying({ alert: 'x', android: {} })],
    ['alert of android', notifying({ android: { title: 'x' } })],
    ['builder_id', notifying({ android: { builder_id: 'x' } })],
    ['builder_id beside an alert', notifying({ android: { alert: 'x', builder_id: 'x' } })],
    ['ios, empty', notifying({ ios: {} })],
    ['alert of ios', notifying({ android: { alert: 'x' }, ios: { badge: 11 } })],
    ['alert of hmos', notifying({ hmos: { title: 'x' } })],
    [
      'alert of hmos, for this push_type has a payload of its own',
      notifying({ hmos: { push_type: 2, hm_payload: {} } }),
    ],
    ['alert of hmos, for the payload is missing', notifying({ hmos: { push_type: 7 } })],
    ['ai_opportunity', notifying({ alert: 'x', ai_opportunity: 'no' })],
    ['voip', notifying({ alert: 'x', voip: 'x' })],
    ['test_message', withMessage({ msg_content: '', test_message: 'no' })],
    ['receipt_id', withOptions({ receipt_id: 5 })],
    ['target_event', withOptions({ target_event: 'x' })],
    ['notification_3rd_ver', withOptions({ notification_3rd_ver: 'v3' })],
    ['notification_3rd beside a notification', withThird({ content: 'x' }, { notification: { alert: 'x' } })],
    [
      'notification_3rd without a message',
      withThird({ content: 'x' }, { message: undefined, notification: undefined, inapp_message: {} }),
    ],
    ['notification_3rd', withThird('x')],
    ['notification_3rd of the second version, empty', withThird({}, second)],
    ['alert in it', withThird({ android: { title: 'x' } }, second)],
    ['live_activity beside a notification', notifyingLive],
    ['ios', notifying({ ios: { alert: 1 } })],
    ['hmos', notifying({ hmos: 5 })],
    ['hmos', notifying({ hmos: { alert: {} } })],
    ['quickapp', notifying({ quickapp: 'x' })],
    ['extras of android', android({ extras: 'x' })],
    ['priority', android({ priority: 3 })],
    ['priority', android({ priority: '1' })],
    ['style', android({ style: -1 })],
    ['alert_type', android({ alert_type: -2 })],
    ['alert_type', android({ alert_type: 8 })],
    ['sms_message', pushTo(['a'], { sms_message: 'x' })],
    ['delay_time', pushTo(['a'], { sms_message: { delay_time: 'x', temp_id: 1 } })],
    ['distribution', withOptions({ third_party_channel: { xiaomi: { distribution: 'pigeon' } } })],
    ['options', withOptions(1)],
    ['time_to_live', withOptions({ time_to_live: -1 })],
    ['time_to_live', withOptions({ time_to_live: 864_001 })],
    ['time_to_live', withOptions({ time_to_live: '60' })],
    ['sendno', withOptions({ sendno: 0 })],
    ['apns_production', withOptions({ apns_production: 'no' })],
    ['apns_collapse_id', withOptions({ apns_collapse_id: 'x'.repeat(65) })],
    ['override_msg_id', withOptions({ override_msg_id: '1' })],
    ['big_push_duration', withOptions({ big_push_duration: 1401 })],
  ])('%s', (_, body) => expect(codeOf(body)).toBe(1003));
});

describe('1009, a key is not supported:', () => {
  it.each([
    ['at the top', pushTo(['a'], { colour: 'red' })],
    ['in audience', pushTo(['a'], { audience: { registration_id: ['a'], planet: ['b'] } })],
    ['in message', withMessage({ msg_content: '', colour: 'red' })],
    ['in sms_message', pushTo(['a'], { sms_message: { delay_time: 0, temp_id: 1, colour: 'red' } })],
    ['in notification', notifying({ alert: 'x', amiga: {} })],
    ['in options', withOptions({ time_to_lvie: 1 })],
    ['in a vendor notification', withThird({ content: 'x', android: {} })],
    ['in a vendor notification of the second version', withThird({ content: 'x', android: { alert: 'x' } }, second)],
    ['in options, also one that every object has', withOptions({ constructor: 1 })],
  ])('%s', (_, body) => expect(codeOf(body)).toBe(1009));
});

describe('1005, too large:', () => {
  const message = (bytes: number) => ({ msg_content: 'x'.repeat(bytes) });

  it('a message of more than 4000 bytes of UTF-8', () => {
    expect(codeOf(withMessage(message(4000)))).toBe('valid');
    expect(codeOf(withMessage(message(4001)))).toBe(1005);
    expect(codeOf(withMessage({ msg_content: '极'.repeat(1334) }))).toBe(1005);
    expect(codeOf(withMessage({ msg_content: '极'.repeat(1333) }))).toBe('valid');
    expect(codeOf(withMessage({ msg_content: '"'.repeat(4000) }))).toBe('valid');
  });

  it('message and Android notification together', () => {
    const android = { alert: 'x' };
    const bytes = JSON.stringify(android).length;
    expect(codeOf(pushTo(['a'], { message: message(4000 - bytes), notification: { android } }))).toBe('valid');
    expect(codeOf(pushTo(['a'], { message: message(4001 - bytes), notification: { android } }))).toBe(1005);
    expect(codeOf(pushTo(['a'], { message: message(4001 - bytes), notification: android }))).toBe(1005);
  });

  it.each([
    ['ios', 2000],
    ['winphone', 1000],
  ])('an object for %s of more than %i bytes', (platform, limit) => {
    const part = (bytes: number) => notifying({ [platform]: { alert: 'x'.repeat(bytes - '{"alert":""}'.length) } });
    expect(codeOf(part(limit))).toBe('valid');
    expect(codeOf(part(limit + 1))).toBe(1005);
  });

  it('a message to iOS of more than 4000 bytes, also beside an Android notification of any size', () => {
    const toIos = (bytes: number) =>
      pushTo(['a'], { platform: ['ios'], message: message(bytes), notification: { android: { alert: 'x' } } });
    expect(codeOf(toIos(4000))).toBe('valid');
    expect(codeOf(toIos(4001))).toBe(1005);
  });
});

it('reports missing fields before bad values, and bad values before sizes', () => {
  expect(codeOf(pushTo(['a'], { platform: undefined, audience: 5 }))).toBe(1002);
  const large = { msg_content: 'x'.repeat(5000) };
  expect(codeOf(pushTo(['a'], { message: large, options: { time_to_live: -1 } }))).toBe(1003);
  expect(codeOf(pushTo(['a'], { message: large }))).toBe(1005);
});
