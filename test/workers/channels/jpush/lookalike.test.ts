/** The channel against the look-alike: the look-alike takes its calls. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JPushNotification } from '../../../../src/domain/apps.ts';
import { type JPush, type JPushSettings, startJPush } from '../../../../src/sandbox/jpush/server.ts';
import { channelTo, credentials, deliveryTo, PACKAGE, unaborted } from './support.ts';

async function lookAlike(settings: Partial<JPushSettings> = {}): Promise<JPush> {
  const jpush = await startJPush({ apps: [credentials], ...settings });
  onTestFinished(() => jpush.close());
  return jpush;
}

/** The largest message (3 KiB, docs/api.md §4 msgPush) in its envelope. */
const largest = (): string => {
  const empty = '{"text":""}';
  const message = `{"text":"${'é'.repeat((3072 - empty.length - 1) / 2)}x"}`;
  return `{"msgId":"20261124062500000ab12c00001","message":${message}}`;
};

/** Notifications of 512 bytes as JSON. */
const filled = (notification: JPushNotification): JPushNotification => {
  const left = 512 - Buffer.byteLength(JSON.stringify({ ...notification, alert: '' }));
  return { ...notification, alert: 'a'.repeat(left) };
};
const full = {
  title: '"'.repeat(100),
  sound: 'default',
  badge: '+1',
  category: 'IM',
  intent: 'scheme://a',
  channelId: 'c',
} as const;

it.each<[string, JPushNotification | undefined]>([
  ['nothing beside it', undefined],
  ['the largest alert', filled({ alert: '' })],
  ['the largest alert with a title', filled({ alert: '', title: '"'.repeat(200) })],
  ['all that a notification can have', filled({ alert: '', ...full })],
  ['all that a notification for who is offline can have', filled({ alert: '', ...full, when: 'offline' })],
])('takes the largest message with %s', async (_, notification) => {
  const jpush = await lookAlike({ adoptUnknown: true, maxTimeToLive: 259_200 });
  const payload = largest();
  expect(Buffer.byteLength(payload) - '{"msgId":"20261124062500000ab12c00001","message":}'.length).toBe(3072);
  const channel = channelTo(jpush.url, { settings: { notification } });
  const delivery = deliveryTo(['a'], { payload, timeToLive: 864_000 });
  expect(await channel.send(delivery, unaborted())).toMatchObject({ type: 'sent' });
  expect(jpush.journal.pushes()[0]).toMatchObject({ content: payload, contentType: 'application/json' });
});

it('takes a thousand recipients in one call, of whom the dead go missing', async () => {
  const jpush = await lookAlike();
  const ids = Array.from({ length: 1000 }, () => jpush.registry.register(credentials.appKey));
  jpush.registry.retire(credentials.appKey, ids[7] ?? '');
  expect(await channelTo(jpush.url).send(deliveryTo(ids), unaborted())).toMatchObject({ type: 'sent' });
  expect(jpush.journal.pushes()[0]?.registrationIds).toEqual(ids.filter((_, index) => index !== 7));
});

describe('dead recipients', () => {
  it.each([
    ['malformed', 'not an id!', { code: 1003, httpStatus: 400 }],
    ['unknown', '1a0018970ae5f6a7b8c', { code: 1011, httpStatus: 400 }],
  ])('are named when a single one is %s', async (_, id, provider) => {
    const jpush = await lookAlike();
    expect(await channelTo(jpush.url).send(deliveryTo([id]), unaborted())).toMatchObject({
      type: 'deadRecipients',
      clientIds: ['c0'],
      provider,
    });
  });

  it('are not told apart when all of several are', async () => {
    const jpush = await lookAlike();
    expect(await channelTo(jpush.url).send(deliveryTo(['x-1', 'x-2']), unaborted())).toMatchObject({
      type: 'nobodyReached',
    });
  });
});

it('waits for the window that the headers announce', async () => {
  const jpush = await lookAlike({ adoptUnknown: true, callsPerMinute: 2, now: () => 5_000_000 });
  const channel = channelTo(jpush.url, { clock: { now: () => 5_000_000 } });
  const send = () => channel.send(deliveryTo(['a']), unaborted());
  expect(await send()).toMatchObject({ type: 'sent' });
  expect(channel.rate(PACKAGE)).toEqual({ remaining: 1, resetsInMs: 60_000 });
  expect(await send()).toMatchObject({ type: 'sent' });
  expect(await send()).toMatchObject({ type: 'deferred', retryAfterMs: 60_000, provider: { code: 2002 } });
});

it('is denied with the wrong secret', async () => {
  const jpush = await lookAlike({ apps: [{ ...credentials, masterSecret: 'another' }] });
  expect(await channelTo(jpush.url).send(deliveryTo(['a']), unaborted())).toMatchObject({
    type: 'denied',
    provider: { code: 1004, httpStatus: 401 },
  });
});
