/** A queue that lost jobs is rebuilt from the log. */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DeliveryJob } from '../../src/ports/delivery-jobs.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import type { Jobs, NewJob } from '../../src/ports/jobs.ts';
import { startProjections } from '../../src/projections/index.ts';
import { startDispatcher } from '../../src/workers/dispatcher.ts';
import { reconcile, startReconciler } from '../../src/workers/reconciler.ts';
import { eventually, range } from '../contract/support.ts';
import { openTestBackend } from '../support/embedded.ts';
import { appendAll, dispatched, prepared, received } from '../support/events.ts';
import { freeLeases } from '../support/leases.ts';
import { recordedTelemetry } from '../support/telemetry.ts';
import { until } from '../support/until.ts';
import { type Delivering, delivering, openShop } from './support.ts';

const signal = new AbortController().signal;

async function open(channels?: Parameters<typeof delivering>[1]): Promise<Delivering> {
  const shop = await openShop();
  onTestFinished(shop.close);
  return delivering(shop, channels);
}

/** Waits until the messages are in the read model that the reconciler looks at. */
async function seen({ deps }: Delivering): Promise<void> {
  expect(await deps.documents.reached('messages', await deps.log.head(), 10_000)).toBe(true);
}

/** One pass, with a queue that knows nothing. @returns the jobs that it adds, by group */
async function added(rig: Delivering): Promise<NewJob<DeliveryJob>[]> {
  const all: NewJob<DeliveryJob>[] = [];
  const add: Jobs['add'] = async (jobs) => void all.push(...(jobs as readonly NewJob<DeliveryJob>[]));
  await reconcile({ ...rig.deps, jobs: { ...rig.deps.jobs, add } }, signal);
  return all.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const idle = (rig: Delivering, queue: string) =>
  eventually(async () => {
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
  });

describe('the reconciler', () => {
  test('sends messages whose jobs a queue has acknowledged and lost, once', async () => {
    const rig = await open();
    await rig.terminals(rig.registered('c1'));
    const lossy: Jobs = { ...rig.deps.jobs, add: async () => undefined };
    const dispatcher = startDispatcher({ ...rig.deps, leases: freeLeases(), jobs: lossy });
    const msgId = await rig.accept();
    await seen(rig);
    expect(await rig.deps.documents.reached('dispatcher', await rig.deps.log.head(), 10_000)).toBe(true);
    await dispatcher.stop();

    await rig.worker();
    const reconciler = startReconciler({ ...rig.deps });
    onTestFinished(() => reconciler.stop());
    await until('the message is sent', async () =>
      (await rig.outcomes(msgId)).some(({ type }) => type === 'MessageDispatched'),
    );
    // The read model may still show it as open, and the queue has forgotten the job.
    await reconcile({ ...rig.deps }, signal);
    await idle(rig, rig.job(msgId).queue);
    expect(rig.jpush.sends).toHaveLength(1);
  });

  test('waits for a read model that is behind the dispatcher', async () => {
    const backend = await openTestBackend();
    onTestFinished(backend.close);
    const { log, documents, contents, jobs, leases } = backend.backend;
    const rig = delivering({ ports: { log, documents, contents, jobs } });
    const msgId = await rig.accept();
    await documents.moveCheckpoint({
      name: 'dispatcher',
      from: 0n as never,
      to: await log.head(),
      log: await log.id(),
    });
    const asked = Promise.withResolvers<void>();
    const reached: typeof documents.reached = (...parameters) => {
      asked.resolve();
      return documents.reached(...parameters);
    };
    const reconciler = startReconciler({ ...rig.deps, documents: { ...documents, reached } });
    onTestFinished(() => reconciler.stop());
    await asked.promise;
    expect(await jobs.queues()).toEqual([]);
    const runners = await startProjections({ log, documents, leases, logger: rig.deps.logger });
    onTestFinished(async () => void (await Promise.all(runners.map((runner) => runner.stop()))));
    await until('the job is there', async () => (await jobs.queues()).includes(rig.job(msgId).queue));
  });

  test('adds no job that the queue knows', async () => {
    const rig = await open();
    await rig.terminals(rig.registered('c1'));
    const msgId = await rig.accept();
    await seen(rig);
    const { queue } = rig.job(msgId);
    for (const _ of range(3)) await reconcile({ ...rig.deps }, signal);
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 1 });
  });

  test('leaves messages alone that are sent, failed or expired, and young ones after the first pass', async () => {
    const rig = await open();
    await rig.terminals(rig.registered('c1'));
    const sent = await rig.accept();
    await rig.run(rig.job(sent));
    const refused = await rig.accept();
    rig.jpush.answer({ type: 'refused', reason: 'too big', provider: {} });
    await rig.run(rig.job(refused));
    await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(10_000);
    const valid = await rig.accept();
    await seen(rig);
    expect((await added(rig)).map(({ data }) => data.msgId)).toEqual([valid]);
    expect(await reconcile({ ...rig.deps }, signal, 5_000)).toBe(0);
    rig.clock.move(5_000);
    expect(await reconcile({ ...rig.deps }, signal, 5_000)).toBe(1);
    rig.clock.move(-3_600_000);
    expect(await reconcile({ ...rig.deps }, signal, 5_000)).toBe(2);
  });

  test('finds a message whose only target has reported although no outcome of its sending is known', async () => {
    const rig = await open();
    const msgId = await rig.accept({ to: ['c1'] });
    await appendAll(rig.deps.log, [received({ msgId, clientId: 'c1', appPackage: rig.appPackage })]);
    await seen(rig);
    expect((await added(rig)).map(({ data }) => data.msgId)).toEqual([msgId]);
  });

  test('rebuilds targets that went alone as they went, in the channel that they went to', async () => {
    const rig = await open(['jpush', 'm2m']);
    const { appPackage } = rig;
    const msgId = await rig.accept({ to: ['c0', 'c1', 'c2', 'c3'] });
    const group = { msgId, appPackage, channel: 'jpush' } as const;
    await appendAll(rig.deps.log, [
      prepared({ ...group, group: '0', targets: ['c0', 'c1', 'c2', 'c3'] }),
      prepared({ ...group, group: '0-1', targets: ['c1'] }),
      prepared({ ...group, group: '0-2', targets: ['c2'], channel: 'm2m' }),
      dispatched({ ...group, group: '0-3', targets: ['c3'] }),
    ]);
    await seen(rig);
    expect((await added(rig)).map(({ data }) => data)).toEqual([
      { msgId, appPackage, group: '0', channel: 'jpush' },
      { msgId, appPackage, group: '0-1', channel: 'jpush' },
      { msgId, appPackage, group: '0-2', channel: 'm2m' },
    ]);
  });

  test('adds the parts of a group that has split, and the group sends to nobody beside them', async () => {
    const rig = await open();
    await rig.terminals(...['c0', 'c1', 'c2'].map((clientId) => rig.registered(clientId)));
    const msgId = await rig.accept({ to: ['c0', 'c1', 'c2'] });
    rig.jpush.answer(
      { type: 'nobodyReached', reason: '1011', provider: { code: 1011 } },
      { type: 'failed', reason: 'timeout' },
    );
    await rig.run(rig.job(msgId));
    await rig.failure(rig.job(msgId, { group: '0-1' }));
    // The queue is lost with all of its parts.
    await seen(rig);
    expect((await added(rig)).map(({ data }) => data.group)).toEqual(['0-0', '0-1', '0-2']);
    await rig.run(rig.job(msgId));
    expect(rig.jpush.sends).toHaveLength(2);
    await rig.run(rig.job(msgId, { group: '0-1', attempt: 2 }));
    expect(rig.jpush.sends.at(-1)).toMatchObject({ recipients: [{ clientId: 'c1' }], idempotencyKey: 'key-2' });
    for (const group of ['0-0', '0-2']) await rig.run(rig.job(msgId, { group }));
    expect(rig.jpush.sends).toHaveLength(5);
    expect((await rig.outcomes(msgId)).filter(({ type }) => type === 'MessageDispatched')).toHaveLength(3);
  });

  test('adds the part of a terminal that has changed its channel there, and its group leaves it out for good', async () => {
    const rig = await open(['jpush', 'm2m']);
    const moved = rig.registered('c1', { collab3th: 1, deviceType: '08' });
    await rig.terminals(rig.registered('c0'), moved);
    const msgId = await rig.accept({ to: ['c0', 'c1'] });
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure(rig.job(msgId));
    await seen(rig);
    expect((await added(rig)).map(({ data: { group, channel } }) => [group, channel])).toEqual([
      ['0', 'jpush'],
      ['0-1', 'm2m'],
    ]);
    // Back again, while its job in the other lane still waits.
    await rig.terminals({ type: 'ChannelUpdated', data: rig.registered('c1').data });
    await rig.run(rig.job(msgId, { attempt: 2 }));
    await rig.run(rig.job(msgId, { group: '0-1', channel: 'm2m' }));
    await rig.run(rig.job(msgId, { group: '0-1' }));
    expect(rig.m2m.sends).toEqual([]);
    expect(rig.jpush.sends.map(({ recipients }) => recipients.map(({ clientId }) => clientId))).toEqual([
      ['c0'],
      ['c0'],
      ['c1'],
    ]);
  });

  test('goes on after a message that it can not read, and names it', async () => {
    const rig = await open();
    const bad = await rig.accept({ expires: 10 });
    const good = await rig.accept({ expires: 20 });
    await seen(rig);
    const readStream: typeof rig.deps.log.readStream = async (stream) => {
      if (stream.includes(bad)) throw new Error('can not be decoded');
      return rig.deps.log.readStream(stream);
    };
    const all: string[] = [];
    const add: Jobs['add'] = async (jobs) => void all.push(...jobs.map(({ id }) => id));
    const deps = {
      ...rig.deps,
      log: { ...rig.deps.log, readStream },
      jobs: { ...rig.deps.jobs, add },
    };
    expect(await reconcile(deps, signal)).toBe(2);
    expect(all).toEqual([`${good}-0`]);
    expect(rig.lines).toMatchObject([{ text: 'messages can not be reconciled', fields: { failed: 1, msgIds: [bad] } }]);
  });

  test('rests between pages while the queues hold what is needed, and hurries once they have lost it', async () => {
    const rig = await open();
    await Promise.all(range(205).map(() => rig.accept()));
    await seen(rig);
    const pass = async (held: number): Promise<number> => {
      // The store takes its time, so that a rest is long beside it.
      const documents: typeof rig.deps.documents = {
        ...rig.deps.documents,
        find: async (collection, options) => {
          await setTimeout(20);
          return rig.deps.documents.find(collection, options);
        },
      };
      const jobs: Jobs = {
        ...rig.deps.jobs,
        add: async () => undefined,
        queues: async () => ['delivery-jpush-p', 'another'],
        counts: async () => ({ waiting: held, delayed: 0, active: 0, dead: 0 }),
      };
      const startedAt = performance.now();
      expect(await reconcile({ ...rig.deps, documents, jobs }, signal)).toBe(205);
      return performance.now() - startedAt;
    };
    const resting = await pass(205);
    expect(resting).toBeGreaterThan(2 * 19 * 20);
    expect(await pass(0)).toBeLessThan(resting / 2);
  });

  test('says how it is: waiting while the store is away, and up after a pass', async () => {
    const rig = await open();
    const { changes, telemetry } = recordedTelemetry();
    const away = async () => Promise.reject(new StoreUnavailable('away'));
    const waiting = startReconciler({ ...rig.deps, telemetry, documents: { ...rig.deps.documents, find: away } });
    onTestFinished(() => waiting.stop());
    await until('its report', () => changes.length > 0);
    const up = startReconciler({ ...rig.deps, telemetry });
    onTestFinished(() => up.stop());
    await until('the next one', () => changes.length > 1);
    expect(changes).toEqual(['reconciler waiting: away', 'reconciler up']);
    expect(rig.lines).toEqual([]);
  });

  test('looks at every page', async () => {
    const rig = await open();
    await Promise.all(range(205).map(() => rig.accept()));
    await seen(rig);
    expect(await added(rig)).toHaveLength(205);
  });
});
