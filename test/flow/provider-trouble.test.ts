/** A provider that hangs, fails or is away for one app: the others go on, and the service soon tries that app again. */
import { describe, expect, test } from 'vitest';
import { knownFaults } from '../../src/sandbox/jpush/faults.ts';
import { startJPush } from '../../src/sandbox/jpush/server.ts';
import { terminal, useFlow } from '../support/flow.ts';
import { jpushAppsOf, jpushKeyOf, jpushPackage, terminalApp } from '../support/flow-apps.ts';
import { until } from '../support/until.ts';

const hanging = jpushPackage('com.flow.hanging');
const healthy = jpushPackage('com.flow.healthy');
const failing = jpushPackage('com.flow.breaking');
const away = jpushPackage('com.flow.away');
const app = terminalApp('MB-FLOW-TROUBLE', hanging, healthy, failing, away);
const sender = { app, clientId: 'sender', user: 'sender' };

describe('trouble with the provider', () => {
  const flow = useFlow({ apps: [app] });

  test('an app that hangs holds up no other', async () => {
    const stuck = terminal(app, hanging);
    const free = terminal(app, healthy);
    await flow.register(stuck);
    await flow.register(free);
    flow.service.jpush.faults.inject({ fault: { type: 'hang', ms: 60_000 }, appKey: jpushKeyOf(hanging) });
    // More than one lane takes at once.
    const waiting = await Promise.all(
      Array.from({ length: 40 }, () => flow.push(sender, { type: 0, Id: [stuck.clientId] }, { expires: 5 })),
    );
    const msgId = await flow.push(sender, { type: 0, Id: [free.clientId] });
    await flow.sent(sender, msgId, { withinMs: 4_500 });
    for (const id of waiting) expect(await flow.status(sender, id)).toMatchObject({ status: 0 });
    flow.service.jpush.faults.clear();
  });

  test('the circuit opens after failures in a row, and closes within seconds of the provider being well', async () => {
    const who = terminal(app, failing);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const heal = flow.service.jpush.faults.inject({ fault: knownFaults.internalError, appKey: jpushKeyOf(failing) });
    const early = await Promise.all(Array.from({ length: 8 }, () => flow.push(sender, dst)));
    await until('the circuit to open', () =>
      flow.service.log().some(({ msg, appPackage }) => msg === 'circuit opened' && appPackage === failing.appPackage),
    );
    const late = await flow.push(sender, dst);
    heal();
    await flow.sent(sender, late, { withinMs: 10_000 });
    for (const msgId of early) await flow.sent(sender, msgId);
    for (const msgId of [...early, late]) expect(flow.accepted(msgId)).toHaveLength(1);
  });

  test('while JPush is away messages wait, or expire; when it is back they are sent', async () => {
    const who = terminal(app, away);
    await flow.register(who);
    const dst = { type: 0, Id: [who.clientId] };
    const { jpush } = flow.service;
    await jpush.close();
    const short = await flow.push(sender, dst, { expires: 1 });
    const long = await flow.push(sender, dst);
    await flow.failed(sender, short, 'expired');
    expect(await flow.status(sender, long)).toMatchObject({ status: 0 });
    expect((await flow.status(sender, long)).targets[0]).not.toHaveProperty('failure');

    const port = Number(new URL(jpush.url).port);
    const apps = jpushAppsOf([app]);
    const back = await startJPush({ apps, port, adoptUnknown: true, callsPerMinute: Number.POSITIVE_INFINITY });
    try {
      await flow.sent(sender, long, { withinMs: 15_000 });
      await flow.failed(sender, short, 'expired');
      const pushes = back.journal.pushes().filter(({ appKey }) => appKey === jpushKeyOf(away));
      expect(pushes).toHaveLength(1);
    } finally {
      await back.close();
    }
  }, 40_000);
});
