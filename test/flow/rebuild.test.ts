import { describe, expect, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { runUms } from '../support/ums-process.ts';

const pack = jpushPackage('com.flow.rebuilt');
const broken = jpushPackage('com.flow.rebuilt.broken');
const app = terminalApp('MB-FLOW-REBUILT', pack, broken);
const sender = { app, clientId: 'sender', user: 'sender' };

describe('ums rebuild', () => {
  const flow = useFlow({ apps: [app] });

  test('leaves every answer as it was', async () => {
    const { service } = flow;
    service.jpush.faults.inject({ fault: knownFaults.blackList, appKey: jpushKeyOf(broken) });
    const all = Array.from({ length: 12 }, (_, index) =>
      terminal(app, index % 4 === 3 ? broken : pack, { user: 'owner' }),
    );
    for (const who of all) await flow.register(who);
    const msgIds: string[] = [];
    for (const [index, who] of all.entries()) {
      const msgId = await flow.push(sender, { type: 0, Id: all.slice(0, index + 1).map(({ clientId }) => clientId) });
      msgIds.push(msgId);
      await flow.statusWhen(sender, msgId, ({ targets }) =>
        targets.every(({ status, failure }) => status === 1 || failure !== undefined),
      );
      if (index % 3 === 0) await flow.report(who, msgId, 2 + (index % 3));
    }
    for (const who of all.slice(0, 3)) await flow.unregister(who);

    const answers = async () => ({
      messages: await Promise.all(msgIds.map((msgId) => flow.status(sender, msgId))),
      devices: await flow.devices('owner', app),
    });
    const before = await answers();
    expect(before.messages.some(({ status }) => status === 2)).toBe(true);
    expect(before.devices).toHaveLength(9);
    expect(await service.stop()).toMatchObject({ code: 0 });
    for (const name of ['messages', 'deliveries', 'devices'])
      expect(await runUms(['rebuild', name], service.env)).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`^${name}: built anew from the log, [1-9]\\d* events\n$`)),
        stderr: '',
      });
    await service.start();
    expect(await answers()).toEqual(before);

    // And they go on from there.
    const msgId = await flow.push(sender, { type: 0, Id: [all[4]?.clientId] });
    await flow.sent(sender, msgId);
  }, 90_000);
});
