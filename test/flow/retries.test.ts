/** A failed try is made again with the cid that was recorded before the first, so that JPush accepts once. */
import { describe, expect, test } from 'vitest';
import { type Fault, knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { eventsOf, lookInto } from '../support/store.ts';

const faults: readonly (readonly [string, Fault])[] = [
  ['500 with 1000', knownFaults.internalError],
  ['503 with 1030', knownFaults.internalTimeout],
  ['a connection that breaks before the push is accepted', { type: 'reset', accepted: false }],
  ['a connection that breaks after the push was accepted', { type: 'reset', accepted: true }],
  ["a gateway's page", knownFaults.badGateway],
  ["a proxy's page that says 200", { type: 'html', status: 200 }],
  ['an answer that comes too late', { type: 'stall', ms: 9_000 }],
  ['no answer at all, and then it is accepted after all', { type: 'hang', ms: 9_000 }],
];
const packages = faults.map((_, index) => jpushPackage(`com.flow.retried${index}`));
const cidPackages = ['error', 'reset'].map((name) => jpushPackage(`com.flow.cid.${name}`));
const garbled = jpushPackage('com.flow.garbled');
const forgetful = jpushPackage('com.flow.cid.refused');
const app = terminalApp('MB-FLOW-RETRIED', ...packages, ...cidPackages, garbled, forgetful);
const sender = { app, clientId: 'sender', user: 'sender' };

describe('retries', () => {
  const flow = useFlow({ apps: [app] });
  const sent: string[] = [];

  describe.concurrent('JPush accepts once', () => {
    test.each(faults.map(([name, fault], index) => [name, fault, index] as const))(
      'after %s',
      async (_name, fault, index) => {
        const pack = packages[index] ?? garbled;
        const who = terminal(app, pack);
        await flow.register(who);
        flow.service.jpush.faults.inject({ fault, times: 2, appKey: jpushKeyOf(pack) });
        const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
        await flow.triedInVain(msgId);
        await flow.sent(sender, msgId, { withinMs: 40_000 });
        expect(flow.accepted(msgId).map(({ registrationIds }) => registrationIds)).toEqual([[who.pushId]]);
        sent.push(msgId);
      },
      50_000,
    );

    test.each([
      ['an error', knownFaults.internalError, 0],
      ['a broken connection', { type: 'reset', accepted: false } satisfies Fault, 1],
    ])('when %s keeps it from its first cid', async (_name, fault, index) => {
      const pack = cidPackages[index] ?? garbled;
      const who = terminal(app, pack);
      await flow.register(who);
      flow.service.jpush.faults.inject({ fault, on: 'cid', times: 2, appKey: jpushKeyOf(pack) });
      const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
      await flow.sent(sender, msgId, { withinMs: 15_000 });
      expect(flow.accepted(msgId)).toHaveLength(1);
      sent.push(msgId);
    });

    test('also when it does not know the first cid any more', async () => {
      const who = terminal(app, forgetful);
      await flow.register(who);
      const fault = { type: 'error', status: 400, code: 1003, message: "'cid' value is invalid." } as const;
      flow.service.jpush.faults.inject({ fault, times: 1, appKey: jpushKeyOf(forgetful) });
      const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
      await flow.sent(sender, msgId);
      expect(flow.accepted(msgId)).toHaveLength(1);
    });

    test('and a 200 that stays unreadable is an acceptance, though not at once', async () => {
      const who = terminal(app, garbled);
      await flow.register(who);
      const { jpush } = flow.service;
      jpush.faults.inject({ fault: { type: 'garble' }, appKey: jpushKeyOf(garbled) });
      const msgId = await flow.push(sender, { type: 0, Id: [who.clientId] });
      await flow.triedInVain(msgId);
      await flow.sent(sender, msgId, { withinMs: 15_000 });
      expect(flow.accepted(msgId)).toHaveLength(1);
      sent.push(msgId);
    });
  });

  test('the cid that JPush accepted is the only one that was recorded for the message', async () => {
    const { service } = flow;
    const cids = new Map(sent.map((msgId) => [msgId, flow.accepted(msgId).map(({ cid }) => cid)]));
    expect(cids.size).toBe(faults.length + 3);
    expect(await service.stop()).toMatchObject({ code: 0 });
    await lookInto(service.dataDir, async (backend) => {
      for (const [msgId, accepted] of cids) {
        const prepared = await eventsOf(backend, msgId, 'MessageDispatchPrepared');
        expect(prepared.map(({ data }) => data.idempotencyKey)).toEqual(accepted);
        expect(await eventsOf(backend, msgId, 'MessageDispatched')).toHaveLength(1);
      }
    });
  });
});
