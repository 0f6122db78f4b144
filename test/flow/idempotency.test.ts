/** One effect for one sequenceId (`docs/api.md §2 Idempotency`), also across restarts and kills. */
import { describe, expect, test } from 'vitest';
import { success, terminal, useFlow } from '../support/flow.ts';
import { jpushPackage, terminalApp } from '../support/flow-apps.ts';

const pack = jpushPackage('com.flow.once');
const app = terminalApp('MB-FLOW-ONCE', pack);
const sender = { app, clientId: 'sender', user: 'sender' };

describe('the same request again', () => {
  const flow = useFlow({ apps: [app] });

  test.each(['no restart', 'a restart', 'SIGKILL'])(
    'after %s gets the earlier answer and has no effect',
    async (between) => {
      const { service } = flow;
      const user = `owner-${between.replace(' ', '-')}`;
      const who = terminal(app, pack, { user });
      const body = { userId: user, clientId: who.clientId, pushId: who.pushId, deviceType: '01', collab3th: 0 };
      const registration = { app, endpoint: 'register', clientId: who.clientId, user, body, sequenceId: 'register' };
      const registered = success(await service.client.call(registration));
      const dst = { type: 0, Id: [who.clientId] };
      const sequenceId = `push-${user}`;
      const pushed = success(await flow.tryPush(sender, dst, { sequenceId }));
      const { msgId } = pushed.data;
      await flow.sent(sender, msgId);
      const reported = success(await flow.report(who, msgId, 3, 'report'));

      if (between === 'a restart') expect(await service.stop()).toMatchObject({ code: 0 });
      if (between === 'SIGKILL') await service.kill();
      if (!service.running) await service.start();

      expect((await flow.tryPush(sender, dst, { sequenceId })).text).toBe(pushed.text);
      expect((await flow.report(who, msgId, 3, 'report')).text).toBe(reported.text);
      expect((await service.client.call(registration)).text).toBe(registered.text);
      expect(await flow.devices(user, app)).toMatchObject([{ clientId: who.clientId, status: 1 }]);
      expect(await flow.status(sender, msgId)).toMatchObject({ status: 3 });

      // A key that was used for anything else is refused; a read does not care.
      const other = await flow.tryPush(sender, dst, { sequenceId, expires: 5 });
      expect(other).toMatchObject({ status: 200, retCode: 'C00005', data: null });
      expect(await flow.tryPush({ ...sender, user: 'another' }, dst, { sequenceId })).toMatchObject({
        retCode: 'C00005',
      });
      expect(await flow.report(who, msgId, 4, 'report')).toMatchObject({ retCode: 'C00005' });
      const { text } = await service.client.call({ ...sender, endpoint: 'getmsgstat', body: { msgId }, sequenceId });
      expect(text).toContain('"00000"');

      // A later message of the same lane has gone out: the repeated one would have, too.
      await flow.sent(sender, await flow.push(sender, dst));
      expect(flow.accepted(msgId)).toHaveLength(1);
    },
    60_000,
  );

  test('twenty times at once is one message and one push', async () => {
    const who = terminal(app, pack);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const twins = await Promise.all(
      Array.from({ length: 20 }, () => flow.tryPush(sender, dst, { sequenceId: 'twins' })),
    );
    expect(new Set(twins.map(({ text }) => text)).size).toBe(1);
    const msgId = success(twins[0] ?? (await flow.tryPush(sender, dst))).data.msgId;
    await flow.sent(sender, msgId);
    await flow.sent(sender, await flow.push(sender, dst));
    const toHim = flow.service.jpush.journal
      .pushes()
      .filter(({ registrationIds }) => registrationIds.includes(who.pushId));
    expect(toHim).toHaveLength(2);
  });

  test('with another body at once: one is done, the other is refused', async () => {
    const who = terminal(app, pack);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const rivals = await Promise.all(
      [10, 20].map((expires) => flow.tryPush(sender, dst, { sequenceId: 'rivals', expires })),
    );
    expect(rivals.map(({ retCode }) => retCode).sort()).toEqual(['00000', 'C00005']);
  });

  test('a refusal is not remembered', async () => {
    const who = terminal(app, pack);
    const dst = { type: 0, Id: [who.clientId] };
    expect(await flow.tryPush(sender, dst, { sequenceId: 'refused' })).toMatchObject({ retCode: 'H32006' });
    await flow.register(who);
    success(await flow.tryPush(sender, dst, { sequenceId: 'refused' }));
  });

  test('without a sequenceId each is a message of its own', async () => {
    const who = terminal(app, pack);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const msgIds = await Promise.all(Array.from({ length: 10 }, () => flow.push(sender, dst)));
    expect(new Set(msgIds).size).toBe(10);
  });
});
