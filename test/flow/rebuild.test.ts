import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { messages } from '../../src/ports/read-models/messages.ts';
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

describe('a read model of another release', () => {
  const flow = useFlow({ apps: [app] });

  /** As if that release had built it. */
  function builtAt(version: number): void {
    const db = new DatabaseSync(join(flow.service.dataDir, 'ums.sqlite'));
    const { changes } = db.prepare("UPDATE collections SET version = ? WHERE name = 'messages'").run(version);
    if (version < messages.version) db.exec("UPDATE doc_messages_1 SET document = '{}'");
    db.close();
    expect(changes).toBe(1);
  }

  /** @returns how many times a read model was built anew at a start */
  const rebuilt = () => flow.service.log().filter(({ msg }) => msg === 'rebuilding a projection').length;

  test('is built anew from an older one, and a newer one stops the start until it is built for this one', async () => {
    const { service } = flow;
    const who = terminal(app, pack);
    await flow.register(who);
    const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
    const before = await flow.sent(sender, msgId);

    await service.stop();
    builtAt(messages.version - 1);
    await service.start();
    expect(rebuilt()).toBe(1);
    expect(await flow.status(sender, msgId)).toEqual(before);

    await service.stop();
    builtAt(messages.version + 1);
    await expect(service.start()).rejects.toThrow(
      `ums serve ended with 78: ums: the read model messages was built by a newer release (version ${messages.version + 1}, this release knows ${messages.version}): start that release, or build it for this one with "ums rebuild messages"`,
    );
    expect(await runUms(['rebuild', 'messages'], service.env)).toMatchObject({ code: 0 });
    await service.start();
    expect(rebuilt()).toBe(1);
    expect(await flow.status(sender, msgId)).toEqual(before);
  }, 90_000);
});
