import { describe, expect, test } from 'vitest';
import { success, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';

const phones = jpushPackage('com.flow.phones');
const screens = jpushPackage('com.flow.screens');
const app = terminalApp('MB-FLOW-DST', phones, screens);

describe('whom a push goes to', () => {
  const flow = useFlow({ apps: [app] });
  const from = (user: string) => ({ app, clientId: `sender-of-${user}`, user });

  test('type 0: terminals of any user, in every app that they are registered in', async () => {
    const inPhones = terminal(app, phones, { user: 'type-0-one' });
    const inScreens = { ...inPhones, appPackage: screens.appPackage, pushId: `${inPhones.pushId}-screens` };
    const other = terminal(app, phones);
    for (const each of [inPhones, inScreens, other]) await flow.register(each);
    const ids = [inPhones.clientId, other.clientId, inPhones.clientId];
    const msgId = await flow.push(from('type-0-two'), { type: 0, Id: ids });
    const info = await flow.sent(from('type-0-two'), msgId);
    expect(info.targets.map(({ clientId, appPackage }) => [clientId, appPackage]).sort()).toEqual(
      [inPhones, inScreens, other].map(({ clientId, appPackage }) => [clientId, appPackage]).sort(),
    );
    const reached = flow.accepted(msgId).map(({ registrationIds }) => [...registrationIds].sort());
    expect(reached.sort()).toEqual([[inPhones.pushId, other.pushId].sort(), [inScreens.pushId]].sort());

    success(await flow.report(inScreens, msgId, 4));
    const answered = await flow.status(from('type-0-two'), msgId);
    expect(answered).toMatchObject({ status: 4, summary: { 1: 2, 4: 1 } });
  });

  test('type 1: devices of the user, and of no other', async () => {
    const mine = terminal(app, phones, { user: 'type-1', deviceId: 'AA:BB:CC' });
    const foreign = terminal(app, phones, { user: 'somebody', deviceId: 'AA:BB:CC' });
    await flow.register(mine);
    await flow.register(foreign);
    const msgId = await flow.push(from('type-1'), { type: 1, Id: ['AA:BB:CC'] });
    await flow.sent(from('type-1'), msgId);
    expect(flow.accepted(msgId).map(({ registrationIds }) => registrationIds)).toEqual([[mine.pushId]]);
    expect(await flow.tryPush(from('nobody'), { type: 1, Id: ['AA:BB:CC'] })).toMatchObject({ retCode: 'H32006' });
  });

  test('type 2: all terminals of some types, of the user', async () => {
    const fridge = terminal(app, screens, { user: 'type-2', deviceType: '04' });
    const hood = terminal(app, screens, { user: 'type-2', deviceType: '05' });
    const phone = terminal(app, phones, { user: 'type-2', deviceType: '01' });
    for (const each of [fridge, hood, phone]) await flow.register(each);
    const msgId = await flow.push(from('type-2'), { type: 2, devType: ['04', '05'] });
    await flow.sent(from('type-2'), msgId);
    const reached = flow.accepted(msgId).flatMap(({ registrationIds }) => registrationIds);
    expect(reached.sort()).toEqual([fridge.pushId, hood.pushId].sort());
    expect(await flow.tryPush(from('type-2'), { type: 2, devType: ['04', '03'] })).toMatchObject({ retCode: 'H32006' });
    expect(await flow.tryPush(from('type-2'), { type: 2, devType: ['09'] })).toMatchObject({ retCode: 'B00003' });
  });

  test('type 3: all terminals of some apps, of the user', async () => {
    const one = terminal(app, screens, { user: 'type-3', deviceType: '04' });
    const two = terminal(app, screens, { user: 'type-3', deviceType: '08' });
    const phone = terminal(app, phones, { user: 'type-3' });
    for (const each of [one, two, phone]) await flow.register(each);
    const msgId = await flow.push(from('type-3'), { type: 3, appType: [screens.appPackage] });
    await flow.sent(from('type-3'), msgId);
    const [push, ...more] = flow.accepted(msgId);
    expect(more).toEqual([]);
    expect([...(push?.registrationIds ?? [])].sort()).toEqual([one.pushId, two.pushId].sort());
  });

  test('msgPush sends to all or to none; msgPushtry drops unregistered names and lists them', async () => {
    const here = terminal(app, phones);
    await flow.register(here);
    const before = flow.service.jpush.journal.counts.accepted;
    const dst = { type: 0, Id: ['gone-1', here.clientId, 'gone-2', 'gone-1'] };
    expect(await flow.tryPush(from('strict'), dst)).toMatchObject({ status: 200, retCode: 'H32006', data: null });
    const tried = success(await flow.tryPush(from('strict'), dst, { endpoint: 'msgPushtry' })).data;
    expect(tried.filtered).toEqual(['gone-1', 'gone-2']);
    expect((await flow.sent(from('strict'), tried.msgId)).targets).toHaveLength(1);
    expect(flow.service.jpush.journal.counts.accepted).toBe(before + 1);
    const nobody = { type: 0, Id: ['gone-1'] };
    expect(await flow.tryPush(from('strict'), nobody, { endpoint: 'msgPushtry' })).toMatchObject({ retCode: 'H32011' });
  });

  test('a terminal that moves to another user is his from the answer on', async () => {
    const moving = terminal(app, phones, { user: 'first-owner' });
    await flow.register(moving);
    await flow.register({ ...moving, user: 'second-owner' });
    const dst = { type: 3, appType: [phones.appPackage] };
    expect(await flow.tryPush(from('first-owner'), dst)).toMatchObject({ retCode: 'H32006' });
    const msgId = await flow.push(from('second-owner'), dst);
    expect((await flow.sent(from('second-owner'), msgId)).targets).toMatchObject([{ clientId: moving.clientId }]);
    expect(await flow.devices('first-owner', app)).toEqual([]);
  });
});
