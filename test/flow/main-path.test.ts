import { describe, expect, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { content, success, terminal, useFlow } from '../support/flow.ts';
import { cloudApp, jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { until } from '../support/until.ts';

const plain = jpushPackage('com.flow.plain');
const alerting = jpushPackage('com.flow.alerting', { alert: 'You have a message' });
const titled = jpushPackage('com.flow.titled', { alert: 'You have a message', title: 'Kitchen' });
const app = terminalApp('MB-FLOW-MAIN', plain, alerting, titled);
const bare = terminalApp('MB-FLOW-BARE', { appPackage: 'com.flow.bare' });

describe('the main path', () => {
  const flow = useFlow({ apps: [app, bare, cloudApp] });
  const sender = { app, clientId: 'fridge-of-alice', user: 'alice' };
  const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

  test('accepted, sent, received, displayed, answered: each is seen as it comes', async () => {
    const phone = terminal(app, plain, { user: 'bob' });
    await flow.register(phone);
    const msgId = await flow.push(sender, { type: 0, Id: [phone.clientId] });
    const sent = await flow.sent(sender, msgId);
    expect(sent).toMatchObject({ mesgId: msgId, msgId, userId: 'alice', status: 1 });
    expect(sent.revTime).toMatch(time);
    expect(sent.pushTime).toMatch(time);
    expect(sent.targets).toEqual([
      { clientId: phone.clientId, appPackage: phone.appPackage, status: 1, pushTime: sent.pushTime },
    ]);

    for (const status of [2, 3, 4]) {
      expect(success(await flow.report(phone, msgId, status)).data).toBeNull();
      const info = await flow.status(sender, msgId);
      expect(info).toMatchObject({ status, summary: { [status]: 1 }, targets: [{ status }] });
      expect(info.targets[0]?.reportTime).toMatch(time);
      expect(Object.values(info.summary).reduce((sum, count) => sum + count)).toBe(1);
      expect(await flow.report(phone, msgId, status)).toMatchObject({ status: 200, retCode: 'H32008' });
    }
    expect(await flow.report(phone, msgId, 2)).toMatchObject({ retCode: 'H32008' });
    expect(flow.accepted(msgId)).toHaveLength(1);
  });

  test('until a provider has taken it, a message is at 0 and has no pushTime', async () => {
    const phone = terminal(app, plain, { user: 'bob' });
    await flow.register(phone);
    const heal = flow.service.jpush.faults.inject({ fault: knownFaults.internalError, appKey: jpushKeyOf(plain) });
    const msgId = await flow.push(sender, { type: 0, Id: [phone.clientId] });
    const info = await flow.status(sender, msgId);
    expect(info).toMatchObject({ status: 0, summary: { 0: 1 } });
    expect(info).not.toHaveProperty('pushTime');
    expect(info.targets).toEqual([{ clientId: phone.clientId, appPackage: phone.appPackage, status: 0 }]);
    heal();
    expect(await flow.sent(sender, msgId)).toHaveProperty('pushTime');
  });

  test('JPush gets the content byte for byte, to that pushId alone, with the rest of its time', async () => {
    const phone = terminal(app, plain, { user: 'bob' });
    await flow.register(phone);
    const message =
      '{ "n" : 12345678901234567890123.50, "__proto__": {"constructor":1e400},\n "e":"\\u0041\\/ 中 文 \\"x\\"", "n":-0 }';
    const msgId = await flow.push(sender, { type: 0, Id: [phone.clientId] }, { message, expires: 777 });
    const [push] = await until('a push', () => flow.accepted(msgId).length > 0 && flow.accepted(msgId));
    expect(push?.content).toBe(
      `{"msgId":"${msgId}","message":{"n":12345678901234567890123.50,"__proto__":{"constructor":1e400},` +
        '"e":"\\u0041\\/ 中 文 \\"x\\"","n":-0}}',
    );
    expect(push).toMatchObject({ appKey: jpushKeyOf(plain), contentType: 'application/json' });
    expect(push?.registrationIds).toEqual([phone.pushId]);
    expect(push?.cid).toMatch(new RegExp(`^${jpushKeyOf(plain)}-[0-9a-f-]{36}$`));
    expect(push?.timeToLive).toBeLessThanOrEqual(777);
    expect(push?.timeToLive).toBeGreaterThan(760);
    expect(push?.notification).toBeUndefined();
  });

  test('no message is an empty one, and a day is the time it has', async () => {
    const phone = terminal(app, plain);
    await flow.register(phone);
    const { client } = flow.service;
    const body = { dst: { type: 0, Id: [phone.clientId] } };
    const answer = success(await client.call<{ msgId: string }>({ ...sender, endpoint: 'msgPush', body }));
    const { msgId } = answer.data;
    await flow.sent(sender, msgId);
    const [push] = flow.accepted(msgId);
    expect(push?.content).toBe(`{"msgId":"${msgId}","message":{}}`);
    expect(push?.timeToLive).toBeGreaterThan(86_380);
    expect(push?.timeToLive).toBeLessThanOrEqual(86_400);
  });

  test.each([
    [alerting, 'You have a message'],
    [titled, { title: 'Kitchen', body: 'You have a message' }],
  ])('a notification of the apps file goes beside the message: %#', async (pack, iosAlert) => {
    const phone = terminal(app, pack);
    await flow.register(phone);
    const msgId = await flow.push(sender, { type: 0, Id: [phone.clientId] }, { message: content({ more: 1 }) });
    await flow.sent(sender, msgId);
    const extras = { msgId };
    const notification = {
      android: { alert: 'You have a message', extras },
      ios: { alert: iosAlert, extras },
      hmos: { alert: 'You have a message', extras },
    };
    expect(flow.accepted(msgId)).toMatchObject([
      { notification, content: `{"msgId":"${msgId}","message":${JSON.stringify(content({ more: 1 }))}}` },
    ]);
  });

  test('refuses senders without a right and targets that cannot be reached', async () => {
    const { client } = flow.service;
    const body = { clientId: 'bare', pushId: 'bare', deviceType: '01', collab3th: 0 };
    const call = { app: bare, endpoint: 'register', clientId: 'bare', body };
    expect(await client.call(call)).toMatchObject({ status: 200, retCode: 'H32004' });
    expect(await client.call({ ...call, app: cloudApp })).toMatchObject({ status: 403, retCode: 'C00003' });
    const stranger = { appId: 'MB-NOBODY', appKey: 'any-key' };
    expect(await client.call({ ...call, app: stranger })).toMatchObject({ status: 401, retCode: 'C00001' });
    const forger = { appId: app.appId, appKey: 'a-guess' };
    expect(await client.call({ ...call, app: forger })).toMatchObject({ status: 401, retCode: 'D00001' });
    const unasked = await client.call({ ...call, app, endpoint: 'getmsgstat', body: { msgId: 'x' } });
    expect(unasked).toMatchObject({ status: 401, retCode: 'D00003' });
  });

  test('the log has one line a request, with its ids', async () => {
    const phone = terminal(app, plain);
    await flow.register(phone);
    const msgId = await flow.push(sender, { type: 0, Id: [phone.clientId] }, { sequenceId: 'in-the-log' });
    const lines = await until('the line', () => {
      const found = flow.service.log().filter((line) => line.sequenceId === 'in-the-log');
      return found.length > 0 && found;
    });
    expect(lines).toMatchObject([
      {
        msg: 'request',
        path: '/ums/v2/msgPush',
        appId: app.appId,
        clientId: sender.clientId,
        userId: sender.user,
        msgId,
        status: 200,
        retCode: '00000',
      },
    ]);
    expect(lines).toHaveLength(1);
  });
});
