/** Each try goes to the registration as it then is (`contract.md §4`). */
import { describe, expect, test } from 'vitest';
import { messageStream } from '../../src/domain/streams.ts';
import { DeadJob } from '../../src/ports/jobs.ts';
import { deliveryQueue } from '../../src/workers/delivery-job.ts';
import { shared } from '../contract/support.ts';
import { unregistered } from '../support/events.ts';
import { delivering, openShop } from './support.ts';

const shop = shared(openShop);

const pushIds = (it: ReturnType<typeof delivering>) =>
  it.jpush.sends.map(({ recipients }) => recipients.map(({ pushId }) => pushId));

/** Two terminals of user-1 and a message to both. */
async function accepted(boundUserId?: string) {
  const it = delivering(shop());
  const [c1, c2] = ['c1', 'c2'].map((clientId) => it.registered(clientId, { userId: 'user-1' }));
  if (c1 === undefined || c2 === undefined) throw new Error('two are needed');
  await it.terminals(c1, c2);
  const msgId = await it.accept({ to: ['c1', 'c2'], ...(boundUserId === undefined ? {} : { boundUserId }) });
  return { it, msgId, job: it.job(msgId) };
}

describe('a terminal that has changed since the message was accepted', () => {
  test('is sent to at its newest pushId', async () => {
    const { it, job } = await accepted();
    await it.terminals(it.registered('c1', { pushId: 'push-newer' }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-newer', 'push-c2']]);
  });

  test('is sent to at its newest pushId also when a try failed before', async () => {
    const { it, job } = await accepted();
    it.jpush.answer({ type: 'failed', reason: 'timeout' });
    await it.failure(job);
    await it.terminals(it.registered('c2', { pushId: 'push-newer' }));
    await it.run({ ...job, attempt: 2 });
    expect(pushIds(it)).toEqual([
      ['push-c1', 'push-c2'],
      ['push-c1', 'push-newer'],
    ]);
  });

  test('is not sent to once it has unregistered; the others are', async () => {
    const { it, msgId, job } = await accepted();
    await it.terminals(unregistered({ clientId: 'c1', appPackage: it.appPackage }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c2']]);
    const outcomes = (await it.outcomes(msgId)).filter(({ type }) => type !== 'MessageDispatchPrepared');
    expect(outcomes).toMatchObject([
      { type: 'MessageDispatchFailed', data: { targets: ['c1'], failure: 'unregistered' } },
      { type: 'MessageDispatched', data: { targets: ['c2'] } },
    ]);
  });

  test('is sent to again once it has registered again', async () => {
    const { it, job } = await accepted();
    await it.terminals(unregistered({ clientId: 'c1', appPackage: it.appPackage }), it.registered('c1'));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c1', 'push-c2']]);
  });

  test('nobody is left: no call is made, no key is used up, the job is done', async () => {
    const { it, msgId, job } = await accepted();
    const { appPackage } = it;
    await it.terminals(...['c1', 'c2'].map((clientId) => unregistered({ clientId, appPackage })));
    await it.run(job);
    expect(it.jpush.sends).toEqual([]);
    expect(it.jpush.keys).toEqual([]);
    expect(await it.outcomes(msgId)).toMatchObject([{ data: { targets: ['c1', 'c2'], failure: 'unregistered' } }]);
  });
});

test('events of terminals whose names run together like other ones have ids of their own', async () => {
  const it = delivering(shop());
  const names = ['a b', 'a', 'b', 'c'];
  await it.terminals(...names.map((name) => it.registered(name)));
  const msgId = await it.accept({ to: names });
  const gone = (...clientIds: string[]) =>
    it.terminals(...clientIds.map((clientId) => unregistered({ clientId, appPackage: it.appPackage })));
  it.jpush.answer({ type: 'failed', reason: 'timeout' });
  await gone('a', 'b');
  await it.failure(it.job(msgId));
  await gone('a b');
  await it.run(it.job(msgId, { attempt: 2 }));
  const told = (await it.outcomes(msgId)).filter(({ type }) => type !== 'MessageDispatchPrepared');
  expect(told.map(({ data }) => data.targets)).toEqual([['a', 'b'], ['a b'], ['c']]);
  const ids = (await it.deps.log.readStream(messageStream(msgId))).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('a terminal that has moved to another user, or to none', () => {
  test.each(['user-2', undefined])('is not sent to if it was chosen as a user’s (now %s)', async (userId) => {
    const { it, msgId, job } = await accepted('user-1');
    await it.terminals(it.registered('c1', userId === undefined ? {} : { userId }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c2']]);
    expect(await it.outcomes(msgId)).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ targets: ['c1'], failure: 'unregistered' }) }),
    );
  });

  test('is sent to if it was chosen as a terminal', async () => {
    const { it, job } = await accepted();
    await it.terminals(it.registered('c1', { userId: 'user-2' }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c1', 'push-c2']]);
  });

  test('and back again is sent to', async () => {
    const { it, job } = await accepted('user-1');
    await it.terminals(it.registered('c1', { userId: 'user-2' }), it.registered('c1', { userId: 'user-1' }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c1', 'push-c2']]);
  });
});

describe('a terminal that has moved to another channel', () => {
  test('goes on alone, in a job of that channel; the others are sent to', async () => {
    const { it, msgId, job } = await accepted();
    await it.terminals(it.registered('c2', { collab3th: 1, deviceType: '08' }));
    await it.run(job);
    expect(pushIds(it)).toEqual([['push-c1']]);
    expect(await it.deps.jobs.counts(deliveryQueue('m2m', it.appPackage))).toMatchObject({ waiting: 1 });
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: ['c1'] } });
  });

  test('is sent to there, under that channel’s name', async () => {
    const it = delivering(shop(), ['jpush', 'm2m']);
    await it.terminals(it.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await it.accept({ to: ['c1'] });
    await it.run(it.job(msgId, { group: '0-0', channel: 'm2m' }));
    expect(it.jpush.sends).toEqual([]);
    expect(it.m2m.sends).toHaveLength(1);
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatched',
      data: { group: '0-0', channel: 'm2m', targets: ['c1'] },
    });
  });

  test('and back again is sent to where it is by then', async () => {
    const it = delivering(shop(), ['jpush', 'm2m']);
    await it.terminals(it.registered('c1'));
    const msgId = await it.accept({ to: ['c1'] });
    await it.run(it.job(msgId, { group: '0-0', channel: 'm2m' }));
    expect(await it.deps.jobs.counts(deliveryQueue('jpush', it.appPackage))).toMatchObject({ waiting: 1 });
    await it.run(it.job(msgId, { group: '0-0', channel: 'jpush' }));
    expect(it.jpush.sends).toHaveLength(1);
  });

  test('that this service does not have gives up: a dead letter', async () => {
    const it = delivering(shop(), ['jpush']);
    await it.terminals(it.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await it.accept({ to: [{ clientId: 'c1', channel: 'm2m' }] });
    expect(await it.failure(it.job(msgId, { channel: 'm2m' }))).toBeInstanceOf(DeadJob);
    expect(await it.outcomes(msgId)).toMatchObject([
      { type: 'MessageDispatchFailed', data: { channel: 'm2m', targets: ['c1'], failure: 'gaveUp' } },
    ]);
  });
});
