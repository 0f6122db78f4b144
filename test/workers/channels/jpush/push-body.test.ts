/** How a package's settings shape a push (`docs/api.md §6`, `docs/jpush.md §14`). */
import { describe, expect, it } from 'vitest';
import type { JPushAccount, JPushNotification } from '../../../../src/domain/apps.ts';
import { pushBody } from '../../../../src/workers/channels/jpush/push-body.ts';
import { credentials, deliveryTo } from './support.ts';

const delivery = deliveryTo(['a'], { timeToLive: 60 });
const { msgId, payload } = delivery;
type Settings = Omit<JPushAccount, 'appKey' | 'masterSecret'>;
const bodyWith = (settings: Settings, more = {}) =>
  JSON.parse(pushBody({ ...delivery, ...more }, { ...credentials, ...settings }));
const notifying = (notification: JPushNotification) => bodyWith({ notification });

it('carries the message alone where nothing is set', () => {
  expect(bodyWith({})).toEqual({
    platform: 'all',
    audience: { registration_id: ['a'] },
    message: { msg_content: payload, content_type: 'application/json' },
    options: { time_to_live: 60, apns_production: true },
  });
});

describe('time_to_live', () => {
  it.each([
    ['what is left, within the free tier', {}, 259_200, 259_200],
    ['at most what the free tier allows', {}, 864_000, 259_200],
    ['more for an account that may', { maxTimeToLive: 864_000 }, 864_000, 864_000],
    ['less where the package says so', { maxTimeToLive: 60 }, 3600, 60],
  ])('is %s', (_, settings, timeToLive, expected) => {
    expect(bodyWith(settings, { timeToLive }).options.time_to_live).toBe(expected);
  });
});

it('goes to the development servers of APNs where the package is a development build', () => {
  expect(bodyWith({ apnsProduction: false }).options.apns_production).toBe(false);
});

describe('a notification', () => {
  it('is an alert for each platform, with the msgId for the app that it opens', () => {
    const part = { alert: 'News', extras: { msgId } };
    expect(notifying({ alert: 'News' }).notification).toEqual({ android: part, ios: part, hmos: part });
    expect(notifying({ alert: 'News', title: '' }).notification.ios).toEqual(part);
  });

  it('has the settings of the package, each under its platform’s name', () => {
    const { notification, message, options } = notifying({
      alert: 'News',
      title: 'UMS',
      sound: 'default',
      badge: '+1',
      category: 'IM',
      intent: 'intent:#Intent;component=com.example/.Main;end',
      channelId: 'messages',
    });
    const intent = { url: 'intent:#Intent;component=com.example/.Main;end' };
    expect(notification).toEqual({
      android: { alert: 'News', title: 'UMS', channel_id: 'messages', category: 'IM', intent, extras: { msgId } },
      ios: { alert: { title: 'UMS', body: 'News' }, sound: 'default', badge: '+1', extras: { msgId } },
      hmos: { alert: 'News', title: 'UMS', category: 'IM', intent, extras: { msgId } },
    });
    expect(message.msg_content).toBe(payload);
    expect(options).toEqual({ time_to_live: 60, apns_production: true });
  });

  it('may have its intent as an object', () => {
    const intent = { url: 'scheme://recipe' };
    expect(notifying({ alert: 'News', intent }).notification).toMatchObject({ android: { intent }, hmos: { intent } });
  });

  it('is one of the vendors, for offline terminals, in the version that knows all platforms', () => {
    const body = notifying({ alert: 'News', when: 'offline' });
    const part = { alert: 'News', extras: { msgId } };
    expect(body.notification_3rd).toEqual({ android: part, ios: part, hmos: part });
    expect(body.options).toEqual({ time_to_live: 60, apns_production: true, notification_3rd_ver: 'v2' });
    expect(body).not.toHaveProperty('notification');
    expect(notifying({ alert: 'News', when: 'always' })).not.toHaveProperty('notification_3rd');
  });
});

it.each(['cancel', 'erase'] as const)('carries a control as its own text, without a notification: %s', (control) => {
  const settings = { ...credentials, apnsProduction: false, options: { classification: 1 } };
  const { payload: _, ...addressed } = delivery;
  const asked = { ...addressed, type: 'control', control } as const;
  for (const when of ['always', 'offline'] as const) {
    const body = JSON.parse(pushBody(asked, { ...settings, notification: { alert: 'News', when } }));
    expect(body).toEqual(JSON.parse(pushBody(asked, settings)));
    expect(JSON.parse(body.message.msg_content)).toEqual({ msgId, control });
    expect(body).not.toHaveProperty('notification');
    expect(body).not.toHaveProperty('notification_3rd');
  }
});

it('passes the options of the package on, and lets none of them stand for its own', () => {
  const options = {
    classification: 1,
    third_party_channel: { xiaomi: { distribution: 'secondary_push', channel_id: '42' }, newcomer: 'x' },
    notification_3rd_ver: 'v1',
  };
  expect(bodyWith({ options }).options).toEqual({ ...options, time_to_live: 60, apns_production: true });
  const offline = bodyWith({ options, notification: { alert: 'News', when: 'offline' } });
  expect(offline.options.notification_3rd_ver).toBe('v2');
});
