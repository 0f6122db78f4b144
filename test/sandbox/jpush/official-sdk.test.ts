/** The official Node.js SDK against the look-alike: what it sends is taken, and it understands every answer. */
import http from 'node:http';
import https from 'node:https';
import jpushSdk, { type Answer, type Payload } from 'jpush-sdk';
import { describe, expect, it, vi } from 'vitest';
import { app, type TestJPush, testJPush } from './support.ts';

type Told = { readonly answer?: Answer | undefined; readonly code?: number | undefined };

/** A client of the SDK. It knows no other address than JPush's, so its calls are led to the look-alike. */
async function sdkOn(settings: Parameters<typeof testJPush>[0] = {}, masterSecret = app.masterSecret) {
  const jpush = await testJPush(settings);
  const { port } = new URL(jpush.url);
  const redirected = (options: http.RequestOptions, answered?: (response: http.IncomingMessage) => void) => {
    expect(options.host).toBe('api.jpush.cn');
    return http.request({ ...options, protocol: 'http:', hostname: '127.0.0.1', port, agent: false }, answered);
  };
  vi.spyOn(https, 'request').mockImplementation(redirected as typeof https.request);
  return { jpush, push: () => jpushSdk.buildClient(app.appKey, masterSecret).push() };
}

/** @returns the answer, or the code of the refusal */
function told(call: (done: Parameters<Payload['send']>[0]) => void): Promise<Told> {
  return new Promise((resolve, reject) => {
    call((error, answer) => {
      if (error === null || error === undefined) resolve({ answer });
      else if (error.response === undefined) reject(error);
      else resolve({ code: JSON.parse(error.response).error.code });
    });
  });
}

const sent = (payload: Payload): Promise<Told> => told((done) => payload.send(done));
const everything = (payload: Payload): Payload =>
  payload
    .setPlatform('ios', 'android')
    .setNotification(
      'alert',
      jpushSdk.ios('ios alert', 'happy.caf', '+1', true, { key: 'value' }),
      jpushSdk.android('android alert', 'title', 1, { key: 'value' }),
    )
    .setMessage('content', 'title', 'text', { key: 'value' })
    .setOptions(60, 3600, null, false);

function twoTerminals(jpush: TestJPush): void {
  jpush.registry.register(app.appKey, 'first', { tags: ['tag1', 'tag_all'], alias: 'alias1' });
  jpush.registry.register(app.appKey, 'second', { tags: ['tag2', 'tag_all'], alias: 'alias2' });
}

describe('the official Node.js SDK', () => {
  it('pushes notification, message and options to all', async () => {
    const { jpush, push } = await sdkOn();
    twoTerminals(jpush);
    const { answer } = await sent(everything(push()).setAudience(jpushSdk.ALL));
    expect(answer).toEqual({ sendno: '60', msg_id: expect.stringMatching(/^\d{17,}$/) });
    expect(jpush.journal.pushes()).toMatchObject([
      {
        msgId: answer?.msg_id,
        registrationIds: ['first', 'second'],
        content: 'content',
        contentType: 'text',
        timeToLive: 3600,
        notification: { alert: 'alert', ios: { sound: 'happy.caf', badge: '+1' }, android: { title: 'title' } },
      },
    ]);
  });

  it.each([
    ['a tag', jpushSdk.tag('tag1'), ['first']],
    ['tags', jpushSdk.tag('tag1', 'tag2'), ['first', 'second']],
    ['tags at once', jpushSdk.tag_and('tag2', 'tag_all'), ['second']],
    ['an alias', jpushSdk.alias('alias2'), ['second']],
    ['ids', jpushSdk.registration_id('first', 'second', 'third'), ['first', 'second']],
  ])('pushes to %s', async (_, audience, expected) => {
    const { jpush, push } = await sdkOn();
    twoTerminals(jpush);
    expect(await sent(push().setPlatform('all').setAudience(audience).setNotification('alert'))).toHaveProperty(
      'answer.msg_id',
    );
    expect(jpush.journal.pushes()[0]?.registrationIds).toEqual(expected);
  });

  it('pushes to ids with a tag', async () => {
    const { jpush, push } = await sdkOn();
    twoTerminals(jpush);
    const ids = jpushSdk.registration_id('first', 'second');
    const toTag = (tag: string) =>
      push().setPlatform('all').setAudience(ids, jpushSdk.tag(tag)).setNotification('alert');
    expect(await sent(toTag('tag2'))).toHaveProperty('answer.msg_id');
    expect(jpush.journal.pushes()[0]?.registrationIds).toEqual(['second']);
    expect(await sent(toTag('tag3'))).toEqual({ code: 1011 });
  });

  it('tries a push without sending it', async () => {
    const { jpush, push } = await sdkOn({ adoptUnknown: true });
    const payload = everything(push()).setAudience(jpushSdk.registration_id('first'));
    expect(await told((done) => payload.sendValidate(done))).toHaveProperty('answer.msg_id');
    expect(jpush.journal.counts.accepted).toBe(0);
  });

  it('understands what refuses it', async () => {
    const large = (payload: Payload) => payload.setPlatform('all').setAudience('all').setMessage('x'.repeat(4001));
    expect(await sent(large((await sdkOn()).push()))).toEqual({ code: 1005 });
    const stranger = await sdkOn({}, 'x'.repeat(24));
    expect(await sent(stranger.push().setPlatform('all').setAudience('all').setNotification('x'))).toEqual({
      code: 1004,
    });
    const throttled = await sdkOn({ callsPerMinute: 0 });
    expect(await sent(throttled.push().setPlatform('all').setAudience('all').setNotification('x'))).toEqual({
      code: 2002,
    });
  });
});
