import { describe, expect, test } from 'vitest';
import { type Terminal, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';

const wide = jpushPackage('com.flow.wide');
const wider = jpushPackage('com.flow.wider');
const app = terminalApp('MB-FLOW-WIDE', wide, wider);
const sender = { app, clientId: 'sender', user: 'many' };

describe('many targets', () => {
  const flow = useFlow({ apps: [app] });

  async function registered(count: number, is: Partial<Terminal>, pack = wide): Promise<Terminal[]> {
    const all = Array.from({ length: count }, () => terminal(app, pack, is));
    const waiting = all.values();
    const some = async (): Promise<void> => {
      for (const each of waiting) await flow.register(each);
    };
    await Promise.all(Array.from({ length: 32 }, some));
    return all;
  }

  test('200 named terminals of one app are one call to JPush', async () => {
    const all = await registered(200, {});
    const msgId = await flow.push(sender, { type: 0, Id: all.map(({ clientId }) => clientId) });
    const info = await flow.sent(sender, msgId);
    expect(info).toMatchObject({ status: 1, summary: { 0: 0, 1: 200 } });
    expect(info.targets.map(({ clientId }) => clientId)).toEqual(all.map(({ clientId }) => clientId));
    const pushes = flow.accepted(msgId);
    expect(pushes).toHaveLength(1);
    expect(new Set(pushes[0]?.registrationIds)).toEqual(new Set(all.map(({ pushId }) => pushId)));
  });

  test('more than 1000 terminals of one app are several calls, each with its cid, and no terminal is called twice', async () => {
    const all = await registered(1100, { user: 'many', deviceType: '02' }, wider);
    const msgId = await flow.push(sender, { type: 3, appType: [wider.appPackage] });
    const info = await flow.sent(sender, msgId, { withinMs: 15_000 });
    expect(info.summary[1]).toBe(1100);
    const pushes = flow.accepted(msgId);
    expect(pushes.map(({ registrationIds }) => registrationIds.length).sort()).toEqual([100, 1000]);
    expect(new Set(pushes.map(({ cid }) => cid)).size).toBe(2);
    const reached = pushes.flatMap(({ registrationIds }) => registrationIds);
    expect(new Set(reached)).toEqual(new Set(all.map(({ pushId }) => pushId)));
    expect(reached).toHaveLength(1100);
  }, 40_000);
});
