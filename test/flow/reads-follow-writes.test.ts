import { describe, expect, test } from 'vitest';
import { success, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';

const pack = jpushPackage('com.flow.reads');
const app = terminalApp('MB-FLOW-READS', pack);
const CLIENTS = 16;
const ROUNDS = 8;

describe('reads follow writes', () => {
  const flow = useFlow({ apps: [app] });

  test('under parallel load, each client reads every write that was answered before, its own and those of others', async () => {
    const msgIds = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => oneClient(index)));
    expect(new Set(msgIds.flat()).size).toBe(CLIENTS * ROUNDS);
  }, 60_000);

  async function oneClient(index: number): Promise<string[]> {
    const user = `reader-${index}`;
    const stranger = { app, clientId: `stranger-${index}`, user: `stranger-${index}` };
    const msgIds: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const who = terminal(app, pack, { user });
      await flow.register(who);
      const devices = await flow.devices(user, app);
      expect(devices).toHaveLength(1);
      expect(devices).toMatchObject([{ clientId: who.clientId, pushId: who.pushId, status: 1 }]);

      const msgId = await flow.push(stranger, { type: 0, Id: [who.clientId] });
      msgIds.push(msgId);
      expect((await flow.status(stranger, msgId)).targets).toMatchObject([{ clientId: who.clientId }]);

      success(await flow.report(who, msgId, 2));
      expect(await flow.status(stranger, msgId)).toMatchObject({ status: 2 });
      success(await flow.report(who, msgId, 4));
      // The user of a target may ask as well.
      expect(await flow.status({ app, clientId: who.clientId, user }, msgId)).toMatchObject({ status: 4 });

      success(await flow.unregister(who));
      expect(await flow.devices(user, app)).toEqual([]);
      const toNobody = await flow.tryPush(stranger, { type: 0, Id: [who.clientId] });
      expect(toNobody).toMatchObject({ retCode: 'H32006' });
    }
    return msgIds;
  }
});
