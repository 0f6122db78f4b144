/** Terminals whose pushId the provider does not know, as their registration's own stream has them. */
import { describe, expect, test } from 'vitest';
import { registrationStream } from '../../src/domain/streams.ts';
import type { Documents } from '../../src/ports/documents.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { PauseQueue, RetryJob } from '../../src/ports/jobs.ts';
import { devices } from '../../src/ports/read-models.ts';
import { deliveryQueue } from '../../src/workers/delivery-job.ts';
import { gate, shared } from '../contract/support.ts';
import { unregistered } from '../support/events.ts';
import { delivering, openShop } from './support.ts';

const shop = shared(openShop);

const pushIds = (it: ReturnType<typeof delivering>) =>
  it.jpush.sends.map(({ recipients }) => recipients.map(({ pushId }) => pushId));

describe('a dead terminal that the device list has otherwise than the log', () => {
  const dead = { type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: {} } as const;

  /** A terminal of user-1, a message to it, and a run that sees the device list as it is now, whatever happens. */
  async function behind(boundUserId?: string) {
    const it = delivering(shop(), ['jpush', 'm2m']);
    await it.terminals(it.registered('c1', { userId: 'user-1' }));
    const accept = () => it.accept({ to: ['c1'], ...(boundUserId === undefined ? {} : { boundUserId }) });
    const { documents } = it.deps;
    const listed = new Map(await documents.getMany(devices, [it.registrationIdOf('c1')]));
    const getMany: Documents['getMany'] = async (collection, ids) => {
      const found = new Map(await documents.getMany(collection, ids));
      // Of another collection there is nothing here that could be old.
      for (const [id, { document, ...rest }] of listed)
        if (found.has(id)) found.set(id, { ...rest, document: Object.assign({}, found.get(id)?.document, document) });
      return found;
    };
    it.jpush.answer(dead);
    return { it, accept, msgId: await accept(), run: it.elsewhere({ documents: { ...documents, getMany } }) };
  }

  const failures = async ({ outcomes }: ReturnType<typeof delivering>, msgId: string) =>
    (await outcomes(msgId)).flatMap((event) =>
      event.type === 'MessageDispatchFailed' ? [[event.data.failure, ...event.data.targets]] : [],
    );

  test('fails once, with one call, also in the next message', async () => {
    const { it, accept, msgId, run } = await behind();
    await run(it.job(msgId));
    expect(await failures(it, msgId)).toEqual([['pushIdRejected', 'c1']]);
    it.jpush.answer(dead);
    const next = await accept();
    await run(it.job(next));
    expect(await failures(it, next)).toEqual([['pushIdRejected', 'c1']]);
    expect(it.jpush.sends).toHaveLength(2);
    expect(await it.registrationOutcomes(msgId, 'c1')).toHaveLength(1);
  });

  test('and that has a new pushId is called with that one, which may be dead too', async () => {
    const { it, msgId, run } = await behind();
    await it.terminals(it.registered('c1', { pushId: 'push-new' }));
    it.jpush.answer(dead);
    await run(it.job(msgId));
    expect(pushIds(it)).toEqual([['push-c1'], ['push-new']]);
    expect(await failures(it, msgId)).toEqual([['pushIdRejected', 'c1']]);
    expect(await it.registrationOutcomes(msgId, 'c1')).toMatchObject([{ data: { reason: 'pushIdRejected' } }]);
  });

  test('and that has moved to another user is not sent to if it was chosen as a user’s', async () => {
    const { it, msgId, run } = await behind('user-1');
    await it.terminals(it.registered('c1', { pushId: 'push-new', userId: 'user-2' }));
    await run(it.job(msgId));
    expect(it.jpush.sends).toHaveLength(1);
    expect(await failures(it, msgId)).toEqual([['unregistered', 'c1']]);
  });

  test('and that has moved to another channel goes there once the device list has it', async () => {
    const { it, msgId, run } = await behind();
    await it.terminals(it.registered('c1', { pushId: 'push-new', collab3th: 1, deviceType: '08' }));
    await expect(run(it.job(msgId))).rejects.toBeInstanceOf(RetryJob);
    expect(it.jpush.sends).toHaveLength(1);
    const there = deliveryQueue('m2m', it.appPackage);
    expect(await it.deps.jobs.counts(there)).toMatchObject({ waiting: 0 });
    await it.run(it.job(msgId, { attempt: 2 }));
    expect(await it.deps.jobs.counts(there)).toMatchObject({ waiting: 1 });
    expect(await failures(it, msgId)).toEqual([]);
  });

  test('that was not in the call at all is no reason to call again at once', async () => {
    const it = delivering(shop());
    await it.terminals(it.registered('c1'), it.registered('c2'));
    const msgId = await it.accept({ to: ['c1', 'c2'] });
    it.jpush.answer({ ...dead, clientIds: ['c3'] });
    expect(await it.failure(it.job(msgId))).toBeInstanceOf(RetryJob);
    expect(it.jpush.sends).toHaveLength(1);
  });
});

describe('a dead terminal that several messages are under way to', () => {
  const dead = { type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: { code: 1011 } } as const;

  async function toOne() {
    const it = delivering(shop());
    await it.terminals(it.registered('c1'));
    const accept = () => it.accept({ to: ['c1'] });
    const failures = async (msgId: string) =>
      (await it.outcomes(msgId)).flatMap((event) => (event.type === 'MessageDispatchFailed' ? [event.data] : []));
    return { it, accept, failures };
  }

  test('is rejected in each of those that the provider was called for, and ended once', async () => {
    const { it, accept, failures } = await toOne();
    const msgIds = [await accept(), await accept(), await accept()];
    const called = gate();
    const answer = async () => {
      if (it.jpush.sends.length === msgIds.length) called.open();
      await called.opened;
      return dead;
    };
    it.jpush.answer(answer, answer, answer);
    const late = await accept();
    await Promise.all(msgIds.map((msgId) => it.run(it.job(msgId))));
    for (const msgId of msgIds)
      expect(await failures(msgId)).toMatchObject([
        { failure: 'pushIdRejected', reason: 'unknown id', targets: ['c1'] },
      ]);
    expect(
      await shop().ports.log.readStream(registrationStream({ clientId: 'c1', appPackage: it.appPackage })),
    ).toHaveLength(2);

    await it.run(it.job(late));
    expect(it.jpush.sends).toHaveLength(3);
    expect(await failures(late)).toMatchObject([{ failure: 'unregistered' }]);
  });

  test('and that unregistered itself meanwhile, or was ended for another pushId, is unregistered', async () => {
    const { it, accept, failures } = await toOne();
    const [first, second] = [await accept(), await accept()];
    const gone = unregistered({ clientId: 'c1', appPackage: it.appPackage });
    it.jpush.answer(async () => {
      await it.terminals(gone);
      return dead;
    });
    await it.run(it.job(first));
    expect(await failures(first)).toMatchObject([{ failure: 'unregistered' }]);

    await it.terminals(it.registered('c1'));
    it.jpush.answer(async () => {
      const reason = 'pushIdRejected';
      const { clientId, appPackage } = gone.data;
      await it.terminals(it.registered('c1', { pushId: 'other' }), {
        type: 'ChannelUnregistered',
        data: { clientId, appPackage, reason },
      });
      return dead;
    });
    await it.run(it.job(second));
    expect(await failures(second)).toMatchObject([{ failure: 'unregistered' }]);
  });

  test('is rejected also if the process ended before it could say so, but not in a message that another one was ended by', async () => {
    const { it, accept, failures } = await toOne();
    const [msgId, other] = [await accept(), await accept()];
    const { log } = it.deps;
    const append: typeof log.append = async (...parameters) => {
      if (parameters[1][0]?.event.type === 'MessageDispatchFailed') throw new StoreUnavailable('cut off');
      return log.append(...parameters);
    };
    it.jpush.answer({ type: 'failed', reason: 'timeout' }, dead);
    await it.failure(it.job(other));
    await expect(it.elsewhere({ log: { ...log, append } })(it.job(msgId))).rejects.toThrow(PauseQueue);
    expect(await failures(msgId)).toEqual([]);
    const [, ended] = await log.readStream(registrationStream({ clientId: 'c1', appPackage: it.appPackage }));
    await it.deps.documents.reached('devices', ended?.position ?? expect.fail('not ended'), 10_000);

    await it.run(it.job(msgId));
    await it.run(it.job(other, { attempt: 2 }));
    expect(await failures(msgId)).toMatchObject([{ failure: 'pushIdRejected', targets: ['c1'] }]);
    expect(await failures(other)).toMatchObject([{ failure: 'unregistered' }]);
    expect(it.jpush.sends).toHaveLength(2);
  });
});
