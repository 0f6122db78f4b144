/** Each try to deliver goes to the registration as it then is (`docs/api.md §4`). */
import { describe, expect, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { type Terminal, terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';

const packages = Array.from({ length: 6 }, (_, index) => jpushPackage(`com.flow.changed${index}`));
const app = terminalApp('MB-FLOW-CHANGED', ...packages);

describe.concurrent('a registration that changes between the push and the try that succeeds', () => {
  const flow = useFlow({ apps: [app] });
  const free = packages.values();

  /** A terminal in an app whose pushes fail until `heal` is called. */
  async function inAFailingApp(is: Partial<Terminal>) {
    const pack = free.next().value;
    if (pack === undefined) throw new Error('no package left');
    const who = terminal(app, pack, is);
    await flow.register(who);
    const heal = flow.service.jpush.faults.inject({ fault: knownFaults.internalError, appKey: jpushKeyOf(pack) });
    return { who, pack, heal };
  }
  const sender = (user: string) => ({ app, clientId: `sender-${user}`, user });

  test('with a new pushId is sent to there', async () => {
    const { who, heal } = await inAFailingApp({ user: 'u1' });
    const msgId = await flow.push(sender('u1'), { type: 0, Id: [who.clientId] });
    await flow.triedInVain(msgId);
    await flow.register({ ...who, pushId: 'the-newest-push-id' });
    heal();
    await flow.sent(sender('u1'), msgId);
    expect(flow.accepted(msgId).map(({ registrationIds }) => registrationIds)).toEqual([['the-newest-push-id']]);
  });

  test('and ends is not sent to; the others are', async () => {
    const { who, pack, heal } = await inAFailingApp({ user: 'u2' });
    const other = terminal(app, pack);
    await flow.register(other);
    const msgId = await flow.push(sender('u2'), { type: 0, Id: [who.clientId, other.clientId] });
    await flow.triedInVain(msgId);
    expect(await flow.unregister(who)).toMatchObject({ retCode: '00000' });
    heal();
    const info = await flow.statusWhen(sender('u2'), msgId, ({ status }) => status === 1);
    expect(info.targets).toMatchObject([
      { clientId: who.clientId, status: 0, failure: { code: 'unregistered' } },
      { clientId: other.clientId, status: 1 },
    ]);
    expect(flow.accepted(msgId).map(({ registrationIds }) => registrationIds)).toEqual([[other.pushId]]);
  });

  test("chosen as a user's, with a new pushId and still his, is sent to there", async () => {
    const { who, heal } = await inAFailingApp({ user: 'u3', deviceId: 'device-u3' });
    const msgId = await flow.push(sender('u3'), { type: 1, Id: ['device-u3'] });
    await flow.triedInVain(msgId);
    await flow.register({ ...who, pushId: 'push-id-after-reinstall' });
    heal();
    await flow.sent(sender('u3'), msgId);
    expect(flow.accepted(msgId).map(({ registrationIds }) => registrationIds)).toEqual([['push-id-after-reinstall']]);
  });

  test("and becomes another user's is still sent to when it was named itself", async () => {
    const { who, heal } = await inAFailingApp({ user: 'u4' });
    const msgId = await flow.push(sender('u4'), { type: 0, Id: [who.clientId] });
    await flow.triedInVain(msgId);
    await flow.register({ ...who, user: 'u4-next' });
    heal();
    await flow.sent(sender('u4'), msgId);
  });

  test.each(['another user', 'nobody'])(
    "and becomes %s's is not sent to when it was chosen as a user's",
    async (next) => {
      const { who, pack, heal } = await inAFailingApp({ user: 'u5' });
      const msgId = await flow.push(sender('u5'), { type: 3, appType: [pack.appPackage] });
      await flow.triedInVain(msgId);
      await flow.register({ ...who, user: next === 'nobody' ? undefined : 'u5-next' });
      heal();
      const info = await flow.failed(sender('u5'), msgId, 'unregistered');
      expect(info).toMatchObject({ status: 0, targets: [{ status: 0 }] });
      expect(flow.accepted(msgId)).toEqual([]);
    },
  );
});
