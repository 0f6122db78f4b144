/** Terminals whose pushId the provider does not know, as their registration's own stream has them. */
import { describe, expect, test } from 'vitest';
import { registrationStream } from '../../../src/domain/streams.ts';
import { deliveryQueue } from '../../../src/ports/delivery-jobs.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import { PauseQueue, RetryJob } from '../../../src/ports/jobs.ts';
import { devices } from '../../../src/ports/read-models/devices.ts';
import { gate, shared } from '../../contract/support.ts';
import { unregistered } from '../../support/events.ts';
import { delivering, openShop } from '../support.ts';

const shop = shared(openShop);

const pushIds = (rig: ReturnType<typeof delivering>) =>
  rig.jpush.sends.map(({ recipients }) => recipients.map(({ pushId }) => pushId));

describe('a dead terminal that the device list has otherwise than the log', () => {
  const dead = { type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: {} } as const;

  /** A terminal of user-1, a message to it, and a run that goes on seeing the device list as it is now. */
  async function behind(boundUserId?: string) {
    const rig = delivering(shop(), ['jpush', 'm2m']);
    await rig.terminals(rig.registered('c1', { userId: 'user-1' }));
    const accept = () => rig.accept({ to: ['c1'], ...(boundUserId === undefined ? {} : { boundUserId }) });
    const { documents } = rig.deps;
    const listed = new Map(await documents.getMany(devices, [rig.registrationIdOf('c1')]));
    const getMany: Documents['getMany'] = async (collection, ids) => {
      const found = new Map(await documents.getMany(collection, ids));
      // Of another collection there is nothing here that could be old.
      for (const [id, { document, ...rest }] of listed)
        if (found.has(id)) found.set(id, { ...rest, document: Object.assign({}, found.get(id)?.document, document) });
      return found;
    };
    rig.jpush.answer(dead);
    return { rig, accept, msgId: await accept(), run: rig.elsewhere({ documents: { ...documents, getMany } }) };
  }

  const failures = async ({ outcomes }: ReturnType<typeof delivering>, msgId: string) =>
    (await outcomes(msgId)).flatMap((event) =>
      event.type === 'MessageDispatchFailed' ? [[event.data.failure, ...event.data.targets]] : [],
    );

  test('fails once, with one call, also in the next message', async () => {
    const { rig, accept, msgId, run } = await behind();
    await run(rig.job(msgId));
    expect(await failures(rig, msgId)).toEqual([['pushIdRejected', 'c1']]);
    rig.jpush.answer(dead);
    const next = await accept();
    await run(rig.job(next));
    expect(await failures(rig, next)).toEqual([['pushIdRejected', 'c1']]);
    expect(rig.jpush.sends).toHaveLength(2);
    expect(await rig.registrationOutcomes(msgId, 'c1')).toHaveLength(1);
  });

  test('and that has a new pushId is called with that one, which may be dead too', async () => {
    const { rig, msgId, run } = await behind();
    await rig.terminals(rig.registered('c1', { pushId: 'push-new' }));
    rig.jpush.answer(dead);
    await run(rig.job(msgId));
    expect(pushIds(rig)).toEqual([['push-c1'], ['push-new']]);
    expect(await failures(rig, msgId)).toEqual([['pushIdRejected', 'c1']]);
    expect(await rig.registrationOutcomes(msgId, 'c1')).toMatchObject([{ data: { reason: 'pushIdRejected' } }]);
  });

  test('and that has moved to another user is not sent to if it was chosen as a user’s', async () => {
    const { rig, msgId, run } = await behind('user-1');
    await rig.terminals(rig.registered('c1', { pushId: 'push-new', userId: 'user-2' }));
    await run(rig.job(msgId));
    expect(rig.jpush.sends).toHaveLength(1);
    expect(await failures(rig, msgId)).toEqual([['unregistered', 'c1']]);
  });

  test('and that has moved to another channel goes there once the device list has it', async () => {
    const { rig, msgId, run } = await behind();
    await rig.terminals(rig.registered('c1', { pushId: 'push-new', collab3th: 1, deviceType: '08' }));
    await expect(run(rig.job(msgId))).rejects.toBeInstanceOf(RetryJob);
    expect(rig.jpush.sends).toHaveLength(1);
    const there = deliveryQueue('m2m', rig.appPackage);
    expect(await rig.deps.jobs.counts(there)).toMatchObject({ waiting: 0 });
    await rig.run(rig.job(msgId, { attempt: 2 }));
    expect(await rig.deps.jobs.counts(there)).toMatchObject({ waiting: 1 });
    expect(await failures(rig, msgId)).toEqual([]);
  });

  test('that was not in the call at all is no reason to call again at once', async () => {
    const rig = delivering(shop());
    await rig.terminals(rig.registered('c1'), rig.registered('c2'));
    const msgId = await rig.accept({ to: ['c1', 'c2'] });
    rig.jpush.answer({ ...dead, clientIds: ['c3'] });
    expect(await rig.failure(rig.job(msgId))).toBeInstanceOf(RetryJob);
    expect(rig.jpush.sends).toHaveLength(1);
  });
});

describe('a dead terminal that several messages are under way to', () => {
  const dead = { type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: { code: 1011 } } as const;

  async function toOne() {
    const rig = delivering(shop());
    await rig.terminals(rig.registered('c1'));
    const accept = () => rig.accept({ to: ['c1'] });
    const failures = async (msgId: string) =>
      (await rig.outcomes(msgId)).flatMap((event) => (event.type === 'MessageDispatchFailed' ? [event.data] : []));
    return { rig, accept, failures };
  }

  test('is rejected in each of those that the provider was called for, and ended once', async () => {
    const { rig, accept, failures } = await toOne();
    const msgIds = [await accept(), await accept(), await accept()];
    const called = gate();
    const answer = async () => {
      if (rig.jpush.sends.length === msgIds.length) called.open();
      await called.opened;
      return dead;
    };
    rig.jpush.answer(answer, answer, answer);
    const late = await accept();
    await Promise.all(msgIds.map((msgId) => rig.run(rig.job(msgId))));
    for (const msgId of msgIds)
      expect(await failures(msgId)).toMatchObject([
        { failure: 'pushIdRejected', reason: 'unknown id', targets: ['c1'] },
      ]);
    expect(
      await shop().ports.log.readStream(registrationStream({ clientId: 'c1', appPackage: rig.appPackage })),
    ).toHaveLength(2);

    await rig.run(rig.job(late));
    expect(rig.jpush.sends).toHaveLength(3);
    expect(await failures(late)).toMatchObject([{ failure: 'unregistered' }]);
  });

  test('and that unregistered itself meanwhile, or was ended for another pushId, is unregistered', async () => {
    const { rig, accept, failures } = await toOne();
    const [first, second] = [await accept(), await accept()];
    const gone = unregistered({ clientId: 'c1', appPackage: rig.appPackage });
    rig.jpush.answer(async () => {
      await rig.terminals(gone);
      return dead;
    });
    await rig.run(rig.job(first));
    expect(await failures(first)).toMatchObject([{ failure: 'unregistered' }]);

    await rig.terminals(rig.registered('c1'));
    rig.jpush.answer(async () => {
      const reason = 'pushIdRejected';
      const { clientId, appPackage } = gone.data;
      await rig.terminals(rig.registered('c1', { pushId: 'other' }), {
        type: 'ChannelUnregistered',
        data: { clientId, appPackage, reason },
      });
      return dead;
    });
    await rig.run(rig.job(second));
    expect(await failures(second)).toMatchObject([{ failure: 'unregistered' }]);
  });

  test('is rejected also if the process ended before it could say so, but not in a message that another one was ended by', async () => {
    const { rig, accept, failures } = await toOne();
    const [msgId, other] = [await accept(), await accept()];
    const { log } = rig.deps;
    const append: typeof log.append = async (...parameters) => {
      if (parameters[1][0]?.event.type === 'MessageDispatchFailed') throw new StoreUnavailable('cut off');
      return log.append(...parameters);
    };
    rig.jpush.answer({ type: 'failed', reason: 'timeout' }, dead);
    await rig.failure(rig.job(other));
    await expect(rig.elsewhere({ log: { ...log, append } })(rig.job(msgId))).rejects.toThrow(PauseQueue);
    expect(await failures(msgId)).toEqual([]);
    const [, ended] = await log.readStream(registrationStream({ clientId: 'c1', appPackage: rig.appPackage }));
    await rig.deps.documents.reached('devices', ended?.position ?? expect.fail('not ended'), 10_000);

    await rig.run(rig.job(msgId));
    await rig.run(rig.job(other, { attempt: 2 }));
    expect(await failures(msgId)).toMatchObject([{ failure: 'pushIdRejected', targets: ['c1'] }]);
    expect(await failures(other)).toMatchObject([{ failure: 'unregistered' }]);
    expect(rig.jpush.sends).toHaveLength(2);
  });
});
