/** Each try goes to the registration as it then is (`docs/api.md §4`). */
import { describe, expect, test } from 'vitest';
import { messageStream } from '../../../src/domain/streams.ts';
import { deliveryQueue } from '../../../src/ports/delivery-jobs.ts';
import { DeadJob } from '../../../src/ports/jobs.ts';
import { shared } from '../../contract/support.ts';
import { unregistered } from '../../support/events.ts';
import { delivering, openShop } from '../support.ts';

const shop = shared(openShop);

const pushIds = (rig: ReturnType<typeof delivering>) =>
  rig.jpush.sends.map(({ recipients }) => recipients.map(({ pushId }) => pushId));

/** Two terminals of user-1 and a message to both. */
async function accepted(boundUserId?: string) {
  const rig = delivering(shop());
  const [c1, c2] = ['c1', 'c2'].map((clientId) => rig.registered(clientId, { userId: 'user-1' }));
  if (c1 === undefined || c2 === undefined) throw new Error('two are needed');
  await rig.terminals(c1, c2);
  const msgId = await rig.accept({ to: ['c1', 'c2'], ...(boundUserId === undefined ? {} : { boundUserId }) });
  return { rig, msgId, job: rig.job(msgId) };
}

describe('a terminal that has changed since the message was accepted', () => {
  test('is sent to at its newest pushId', async () => {
    const { rig, job } = await accepted();
    await rig.terminals(rig.registered('c1', { pushId: 'push-newer' }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-newer', 'push-c2']]);
  });

  test('is sent to at its newest pushId also when a try failed before', async () => {
    const { rig, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure(job);
    await rig.terminals(rig.registered('c2', { pushId: 'push-newer' }));
    await rig.run({ ...job, attempt: 2 });
    expect(pushIds(rig)).toEqual([
      ['push-c1', 'push-c2'],
      ['push-c1', 'push-newer'],
    ]);
  });

  test('is not sent to once it has unregistered; the others are', async () => {
    const { rig, msgId, job } = await accepted();
    await rig.terminals(unregistered({ clientId: 'c1', appPackage: rig.appPackage }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c2']]);
    const outcomes = (await rig.outcomes(msgId)).filter(({ type }) => type !== 'MessageDispatchPrepared');
    expect(outcomes).toMatchObject([
      { type: 'MessageDispatchFailed', data: { targets: ['c1'], failure: 'unregistered' } },
      { type: 'MessageDispatched', data: { targets: ['c2'] } },
    ]);
  });

  test('is sent to again once it has registered again', async () => {
    const { rig, job } = await accepted();
    await rig.terminals(unregistered({ clientId: 'c1', appPackage: rig.appPackage }), rig.registered('c1'));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c1', 'push-c2']]);
  });

  test('no target is left: no call is made, no key is used up, the job is done', async () => {
    const { rig, msgId, job } = await accepted();
    const { appPackage } = rig;
    await rig.terminals(...['c1', 'c2'].map((clientId) => unregistered({ clientId, appPackage })));
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([]);
    expect(rig.jpush.keys).toEqual([]);
    expect(await rig.outcomes(msgId)).toMatchObject([{ data: { targets: ['c1', 'c2'], failure: 'unregistered' } }]);
  });
});

test('events of terminals whose names run together like other ones have ids of their own', async () => {
  const rig = delivering(shop());
  const names = ['a b', 'a', 'b', 'c'];
  await rig.terminals(...names.map((name) => rig.registered(name)));
  const msgId = await rig.accept({ to: names });
  const gone = (...clientIds: string[]) =>
    rig.terminals(...clientIds.map((clientId) => unregistered({ clientId, appPackage: rig.appPackage })));
  rig.jpush.answer({ type: 'failed', reason: 'timeout' });
  await gone('a', 'b');
  await rig.failure(rig.job(msgId));
  await gone('a b');
  await rig.run(rig.job(msgId, { attempt: 2 }));
  const told = (await rig.outcomes(msgId)).filter(({ type }) => type !== 'MessageDispatchPrepared');
  expect(told.map(({ data }) => data.targets)).toEqual([['a', 'b'], ['a b'], ['c']]);
  const ids = (await rig.deps.log.readStream(messageStream(msgId))).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('a terminal that has moved to another user, or to none', () => {
  test.each(['user-2', undefined])('is not sent to if it was chosen as a user’s (now %s)', async (userId) => {
    const { rig, msgId, job } = await accepted('user-1');
    await rig.terminals(rig.registered('c1', userId === undefined ? {} : { userId }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c2']]);
    expect(await rig.outcomes(msgId)).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ targets: ['c1'], failure: 'unregistered' }) }),
    );
  });

  test('is sent to if it was chosen as a terminal', async () => {
    const { rig, job } = await accepted();
    await rig.terminals(rig.registered('c1', { userId: 'user-2' }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c1', 'push-c2']]);
  });

  test('and back again is sent to', async () => {
    const { rig, job } = await accepted('user-1');
    await rig.terminals(rig.registered('c1', { userId: 'user-2' }), rig.registered('c1', { userId: 'user-1' }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c1', 'push-c2']]);
  });
});

describe('a terminal that has moved to another channel', () => {
  test('goes on alone, in a job of that channel; the others are sent to', async () => {
    const { rig, msgId, job } = await accepted();
    await rig.terminals(rig.registered('c2', { collab3th: 1, deviceType: '08' }));
    await rig.run(job);
    expect(pushIds(rig)).toEqual([['push-c1']]);
    expect(await rig.deps.jobs.counts(deliveryQueue('m2m', rig.appPackage))).toMatchObject({ waiting: 1 });
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: ['c1'] } });
  });

  test('is sent to there, under that channel’s name', async () => {
    const rig = delivering(shop(), ['jpush', 'm2m']);
    await rig.terminals(rig.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await rig.accept({ to: ['c1'] });
    await rig.run(rig.job(msgId, { group: '0-0', channel: 'm2m' }));
    expect(rig.jpush.sends).toEqual([]);
    expect(rig.m2m.sends).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatched',
      data: { group: '0-0', channel: 'm2m', targets: ['c1'] },
    });
  });

  test('and back again is sent to where it is by then', async () => {
    const rig = delivering(shop(), ['jpush', 'm2m']);
    await rig.terminals(rig.registered('c1'));
    const msgId = await rig.accept({ to: ['c1'] });
    await rig.run(rig.job(msgId, { group: '0-0', channel: 'm2m' }));
    expect(await rig.deps.jobs.counts(deliveryQueue('jpush', rig.appPackage))).toMatchObject({ waiting: 1 });
    await rig.run(rig.job(msgId, { group: '0-0', channel: 'jpush' }));
    expect(rig.jpush.sends).toHaveLength(1);
  });

  test('that this service does not have gives up: a dead letter', async () => {
    const rig = delivering(shop(), ['jpush']);
    await rig.terminals(rig.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await rig.accept({ to: [{ clientId: 'c1', channel: 'm2m' }] });
    expect(await rig.failure(rig.job(msgId, { channel: 'm2m' }))).toBeInstanceOf(DeadJob);
    expect(await rig.outcomes(msgId)).toMatchObject([
      { type: 'MessageDispatchFailed', data: { channel: 'm2m', targets: ['c1'], failure: 'gaveUp' } },
    ]);
  });
});

describe('a device list that lags behind', () => {
  /** As it was before anybody registered. */
  const empty = (rig: ReturnType<typeof delivering>) => ({
    documents: { ...rig.deps.documents, getMany: async () => new Map() },
  });

  test('fails no target that is registered', async () => {
    const { rig, msgId, job } = await accepted();
    await rig.elsewhere(empty(rig))(job);
    expect(pushIds(rig)).toEqual([['push-c1', 'push-c2']]);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched' });
  });

  test('or shows another user than the stream does sends to whom the stream names', async () => {
    const { rig, job } = await accepted('user-1');
    const stale = new Map(
      ['c1', 'c2'].map((clientId) => {
        const document = { ...rig.registered(clientId, { userId: 'user-2' }).data, status: 1, firstPosition: '1' };
        const id = rig.registrationIdOf(clientId);
        return [id, { id, position: 1n, document }] as const;
      }),
    );
    await rig.elsewhere({ documents: { ...rig.deps.documents, getMany: async () => stale as never } })(job);
    expect(pushIds(rig)).toEqual([['push-c1', 'push-c2']]);
  });

  test('leaves those gone that the stream calls gone, without reading it whole', async () => {
    const { rig, msgId, job } = await accepted();
    await rig.terminals(unregistered({ clientId: 'c1', appPackage: rig.appPackage }));
    const read: string[] = [];
    const readStream: typeof rig.deps.log.readStream = async (stream, ...more) => {
      read.push(stream);
      return rig.deps.log.readStream(stream, ...more);
    };
    await rig.elsewhere({ ...empty(rig), log: { ...rig.deps.log, readStream } })(job);
    expect(pushIds(rig)).toEqual([['push-c2']]);
    expect(await rig.outcomes(msgId)).toContainEqual(
      expect.objectContaining({ data: expect.objectContaining({ targets: ['c1'], failure: 'unregistered' }) }),
    );
    expect(read.filter((stream) => stream.startsWith('registration-'))).toEqual([]);
  });
});
