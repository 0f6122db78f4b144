/** Bodies as the official Java SDKs build them, and what the remote tests of the older one expect (`docs/jpush.md §14`). */
import { describe, expect, it } from 'vitest';
import { app, testJPush } from './support.ts';

/** Every push of the older SDK has these options, and a notification of it this flag. */
const options = { sendno: 1_204_000_000, apns_production: false, classification: 0 };
const withFlag = (notification: object) => ({ ...notification, ai_opportunity: false });
const notifying = (notification: object) => ({ notification: withFlag(notification) });
const iosDefaults = { badge: '+1', sound: '' };

async function codeOf(body: object): Promise<number | 'accepted'> {
  const jpush = await testJPush();
  jpush.registry.register(app.appKey, 'id-1', { tags: ['tag1', 'tag_all'], alias: 'alias1' });
  const { status, json } = await jpush.push(body);
  return status === 200 ? 'accepted' : json.error.code;
}

const toAll = (more: object) => codeOf({ platform: 'all', audience: 'all', options, ...more });

describe('the older Java SDK pushes', () => {
  it.each([
    ['an alert', notifying({ alert: 'alert' })],
    [
      'an alert for each platform',
      notifying({ android: { alert: 'a' }, ios: { ...iosDefaults, alert: 'a' }, hmos: { alert: 'a' } }),
    ],
    ['an alert that platforms override', notifying({ alert: 'alert', android: { alert: 'a' }, hmos: { alert: 'a' } })],
    ['a part whose alert is that of the whole', notifying({ alert: 'alert', android: { builder_id: 100 } })],
    ['extras of such a part', notifying({ alert: 'alert', android: { extras: { key1: 'value1', key2: 222 } } })],
    [
      'all that Android can show',
      notifying({
        android: {
          alert: '{"key1":"value1"}',
          title: 't',
          big_text: 'b',
          inbox: 'i',
          large_icon: 'm',
          small_icon_uri: 'm',
        },
      }),
    ],
    [
      'an alert with a title to iOS',
      notifying({ ios: { ...iosDefaults, alert: { title: 't', subtitle: 's', body: 'b' } } }),
    ],
    ['an empty alert with a badge', notifying({ ios: { ...iosDefaults, alert: '' } })],
    [
      'to HarmonyOS',
      notifying({
        hmos: {
          alert: 'a',
          title: 't',
          category: 'IM',
          intent: { url: 'action.system.home' },
          test_message: true,
          receipt_id: 'r',
        },
      }),
    ],
    ['a call', notifying({ alert: 'alert', voip: { key: 'value', key2: 5, key3: true } })],
    [
      'a message',
      { message: { title: 't', msg_content: 'c', content_type: 'text', extras: { key1: 'value1', key3: false } } },
    ],
    ['a test message', { message: { msg_content: 'c', test_message: true } }],
    ['notification and message', { ...notifying({ alert: 'alert' }), message: { msg_content: 'c' } }],
    [
      'a vendor notification',
      {
        message: { msg_content: 'c' },
        notification_3rd: {
          title: 't',
          content: 'c',
          channel_id: '1',
          uri_activity: 'a',
          badge_add_num: 1,
          badge_class: 'c',
          sound: 's',
          extras: {},
        },
      },
    ],
    [
      'by tag and alias',
      { ...notifying({ alert: 'alert' }), audience: { tag: ['tag1'], alias: ['alias1', 'alias2'] } },
    ],
    [
      'by id and tag',
      { ...notifying({ alert: 'alert' }), audience: { registration_id: ['id-1'], tag_and: ['tag1', 'tag_all'] } },
    ],
  ])('%s', async (_, body) => expect(await toAll(body)).toBe('accepted'));
});

describe('the older Java SDK expects', () => {
  it.each([
    [1003, 'another platform', { ...notifying({ alert: 'x' }), platform: 'all_platform' }],
    [1003, 'another audience', { ...notifying({ alert: 'x' }), audience: 'all_audience' }],
    [1003, 'a notification that is a text', { notification: 'x' }],
    [1003, 'an android part that is a text', { notification: { android: 'x' } }],
    [1003, 'an ios part that is a text', { notification: { ios: 'x' } }],
    [1003, 'a builder_id that is a text', { notification: { android: { builder_id: 'builder' } } }],
    [1003, 'an empty android part', { notification: { android: {} } }],
    [1003, 'an empty ios part', { notification: { ios: {} } }],
    [1002, 'an empty hmos part', { notification: { hmos: {} } }],
    [1003, 'an android part without alert', { notification: { android: { title: 'title' } } }],
    [1003, 'an ios part without alert', { notification: { ios: { badge: 11 } } }],
    [1003, 'an hmos part without alert', { notification: { hmos: { title: 'title' } } }],
    [1002, 'no platform', { ...notifying({ alert: 'x' }), platform: undefined }],
    [1002, 'no audience', { ...notifying({ alert: 'x' }), audience: undefined }],
    [1002, 'neither message nor notification', {}],
    [1002, 'a message without content', { message: { title: 'title' } }],
    [1011, 'tags that nobody has', { ...notifying({ alert: 'x' }), audience: { tag_and: ['tag1', 'tag2'] } }],
    [
      1011,
      'an id without the tag',
      { ...notifying({ alert: 'x' }), audience: { registration_id: ['id-1'], tag: ['tag_no'] } },
    ],
  ])('%i of %s', async (code, _, body) => expect(await toAll(body)).toBe(code));
});

describe('the newer Java SDK pushes', () => {
  const android = { alert: 'a', title: 't', extras: { params: { key1: 'value1' } } };
  it.each([
    [
      'with the channels of vendors and a callback',
      {
        platform: ['android', 'ios'],
        notification: { alert: 'a', android, ios: { alert: { title: 't', subtitle: 's' }, extras: {} } },
        options: {
          third_party_channel: {
            huawei: { distribution: 'first_ospush', importance: 'NORMAL', category: 'MARKETING' },
          },
        },
        callback: { params: { callbackKey: 'callbackValue' } },
      },
    ],
    [
      'a vendor notification of the second version',
      {
        message: { msg_content: 'c' },
        notification_3rd: { android, ios: { alert: 'a' }, hmos: { alert: 'a' } },
        options: { notification_3rd_ver: 'v2' },
      },
    ],
    ['a live window', { notification: { hmos: { push_type: 7, hm_payload: { activity: {} } } } }],
    [
      'with all options',
      {
        message: { msg_content: 'c' },
        options: {
          ...options,
          time_to_live: 60,
          apns_collapse_id: 'c',
          big_push_duration: 10,
          target_event: ['jg_app_show'],
          test_message: true,
          receipt_id: 'r',
          active_push: true,
          need_backup: true,
          business_operation_code: 'code',
          test_model: true,
        },
      },
    ],
  ])('%s', async (_, body) => expect(await codeOf({ platform: 'all', audience: 'all', ...body })).toBe('accepted'));
});
