/** Every failure code of `docs/api.md §4` happens for its reason, and for the targets that it is about. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { redrive } from '../../src/commands/redrive.ts';
import { systemClock } from '../../src/ports/clock.ts';
import { deliveryQueue } from '../../src/ports/delivery-jobs.ts';
import type { Fault } from '../../src/sandbox/jpush/faults.ts';
import { aContext } from '../fixtures/samples.ts';
import { type Terminal, terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { lookInto } from '../support/store.ts';
import { until } from '../support/until.ts';

const packages = Array.from({ length: 20 }, (_, index) => jpushPackage(`com.flow.failing${index}`));
const app = terminalApp('MB-FLOW-FAILING', ...packages);
const sender = { app, clientId: 'sender', user: 'sender' };

describe('failures', () => {
  const flow = useFlow({ apps: [app] });
  const free = packages.values();

  /** Some terminals in an app of their own. */
  async function registered(count: number, is: Partial<Terminal> = {}) {
    const pack = free.next().value;
    if (pack === undefined) throw new Error('no package left');
    const all = Array.from({ length: count }, () => terminal(app, pack, is));
    for (const each of all) await flow.register(each);
    const ids = all.map(({ clientId }) => clientId);
    const inject = (fault: Fault, times = Number.POSITIVE_INFINITY) =>
      flow.service.jpush.faults.inject({ fault, times, appKey: jpushKeyOf(pack) });
    return { pack, all, dst: { type: 0, Id: ids }, appKey: jpushKeyOf(pack), inject };
  }
  const reachedBy = (msgId: string) => flow.accepted(msgId).map(({ registrationIds }) => registrationIds);

  describe.concurrent('one by one', () => {
    test('expired: no provider took it in time', async () => {
      const { dst, inject } = await registered(2);
      inject({ type: 'reset', accepted: false });
      const msgId = await flow.push(sender, dst, { expires: 2 });
      const info = await flow.failed(sender, msgId, 'expired');
      expect(info).toMatchObject({ status: 0, summary: { 0: 2 } });
      expect(info).not.toHaveProperty('pushTime');
      expect(reachedBy(msgId)).toEqual([]);
    });

    test.each([
      ['gone', 'the-app-was-uninstalled'],
      ['malformed', 'no push id!'],
    ])('pushIdRejected: a %s pushId ends its registration', async (kind, pushId) => {
      const { dst, all, appKey } = await registered(1, { pushId, user: `owner-of-${kind}` });
      if (kind === 'gone') flow.service.jpush.registry.retire(appKey, pushId);
      const msgId = await flow.push(sender, dst);
      const info = await flow.failed(sender, msgId, 'pushIdRejected');
      expect(info).toMatchObject({ status: 0 });
      expect(await flow.devices(`owner-of-${kind}`, app)).toEqual([]);
      expect(await flow.tryPush(sender, dst)).toMatchObject({ retCode: 'H32006' });
      for (const who of all) expect(await flow.unregister(who)).toMatchObject({ retCode: 'H32006' });
    });

    test.each([1002, 1005, 1009])('refused: JPush refuses this message for good with %i', async (code) => {
      const { dst, inject } = await registered(2);
      inject({ type: 'error', status: 400, code, message: 'this message', numericMsgId: true });
      const msgId = await flow.push(sender, dst);
      const info = await flow.failed(sender, msgId, 'refused');
      expect(info.targets[0]?.failure?.reason).toContain(String(code));
    });

    test('unregistered: the registration has ended before the try', async () => {
      const { dst, all, inject } = await registered(1);
      const heal = inject({ type: 'error', status: 500, code: 1000 });
      const msgId = await flow.push(sender, dst);
      await flow.triedInVain(msgId);
      for (const who of all) await flow.unregister(who);
      heal();
      await flow.failed(sender, msgId, 'unregistered');
      expect(reachedBy(msgId)).toEqual([]);
    });

    test('1011 for several is split: the dead ones are rejected, each alone', async () => {
      const { dst, all, appKey } = await registered(3, { user: 'split' });
      for (const { pushId } of all) flow.service.jpush.registry.retire(appKey, pushId);
      const msgId = await flow.push(sender, dst);
      await flow.failed(sender, msgId, 'pushIdRejected');
      expect(await flow.devices('split', app)).toEqual([]);
    });

    test('1011 for several of which some live: these are sent to, each once, and stay registered', async () => {
      const { dst, all, appKey, inject } = await registered(3, { user: 'split-some' });
      const [dead, ...live] = all;
      flow.service.jpush.registry.retire(appKey, dead?.pushId ?? '');
      inject({ type: 'error', status: 400, code: 1011, message: 'cannot find user by this audience' }, 1);
      const msgId = await flow.push(sender, dst);
      const info = await flow.statusWhen(sender, msgId, ({ targets }) =>
        targets.every(({ status, failure }) => status === 1 || failure !== undefined),
      );
      expect(info.targets).toMatchObject([
        { status: 0, failure: { code: 'pushIdRejected' } },
        { status: 1 },
        { status: 1 },
      ]);
      expect(reachedBy(msgId).sort()).toEqual(live.map(({ pushId }) => [pushId]).sort());
      const listed = (await flow.devices('split-some', app)).map(({ clientId }) => clientId);
      expect(listed.sort()).toEqual(live.map(({ clientId }) => clientId).sort());
    });

    test('1003 that names one of several rejects that one; the rest get the message, once', async () => {
      const { dst, all, inject } = await registered(3, { user: 'named' });
      const [first, second, third] = all;
      const message = `The registration_id ${second?.pushId} is invalid!`;
      inject({ type: 'error', status: 400, code: 1003, message }, 1);
      const msgId = await flow.push(sender, dst);
      const info = await flow.statusWhen(sender, msgId, ({ targets }) =>
        targets.every(({ status, failure }) => status === 1 || failure !== undefined),
      );
      expect(info.targets).toMatchObject([{ status: 1 }, { failure: { code: 'pushIdRejected' } }, { status: 1 }]);
      expect(reachedBy(msgId)).toEqual([[first?.pushId, third?.pushId]]);
    });
  });

  test('gaveUp: JPush refuses us: each of many messages fails soon, few calls are made, and one of them notices the end', async () => {
    const { dst, inject } = await registered(1);
    const fault = { type: 'error', status: 403, code: 2003, message: 'The appKey is in black list.' } as const;
    // A call too many would be taken.
    const heal = inject(fault, 20);
    for (let count = 0; count < 40; count += 1) {
      const msgId = await flow.push(sender, dst);
      const info = await flow.failed(sender, msgId, 'gaveUp');
      expect(info.targets[0]?.failure?.reason).toContain('2003');
    }
    heal();
    await until('a message to be sent again', async () => {
      const msgId = await flow.push(sender, dst);
      const settled = await flow.statusWhen(sender, msgId, ({ targets }) =>
        targets.every(({ status, failure }) => status === 1 || failure !== undefined),
      );
      return settled.status === 1;
    });
  }, 60_000);

  test('gaveUp: JPush refuses us; the dead letters, redriven, are sent', async () => {
    const { service } = flow;
    const refusals = [
      [401, 1004],
      [403, 2003],
      [403, 2004],
    ] as const;
    const given = await Promise.all(
      refusals.map(async ([status, code]) => {
        const { dst, pack, inject } = await registered(2);
        const heal = inject({ type: 'error', status, code, message: 'refused' });
        const msgId = await flow.push(sender, dst);
        const info = await flow.failed(sender, msgId, 'gaveUp');
        expect(info.targets[0]?.failure?.reason).toContain(String(code));
        heal();
        return { msgId, queue: deliveryQueue('jpush', pack.appPackage) };
      }),
    );

    expect(await service.stop()).toMatchObject({ code: 0 });
    await lookInto(service.dataDir, async ({ log, jobs }) => {
      for (const { queue, msgId } of given) {
        const letters = await jobs.deadLetters<{ msgId: string; group: string }>(queue, 10);
        expect(letters.map(({ data }) => data.msgId)).toEqual([msgId]);
        const group = letters[0]?.data.group ?? '';
        const context = aContext({ correlationId: msgId, causationId: randomUUID(), actor: { kind: 'operator' } });
        const input = { msgId, group, who: 'operator-1', context };
        expect(await redrive({ log, jobs, clock: systemClock }, input)).toEqual({ type: 'redriven', round: 1 });
      }
    });
    await service.start();
    for (const { msgId } of given) {
      const redriven = await flow.sent(sender, msgId, { withinMs: 20_000 });
      expect(redriven.targets.some((target) => 'failure' in target)).toBe(false);
      expect(reachedBy(msgId)).toHaveLength(1);
    }
  }, 60_000);
});
