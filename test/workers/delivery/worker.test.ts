/** Delivery through the queues: how jobs end, and which of them hold up others. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { redrive } from '../../../src/commands/redrive.ts';
import { type DeliveryJob, deliveryJob, deliveryQueue } from '../../../src/ports/delivery-jobs.ts';
import type { NewJob } from '../../../src/ports/jobs.ts';
import type { Delivery, SendResult } from '../../../src/workers/channels/channel.ts';
import { LANE_CONCURRENCY } from '../../../src/workers/delivery/lane.ts';
import { eventually, gate, range, shared } from '../../contract/support.ts';
import { aContext } from '../../fixtures/samples.ts';
import { type Delivering, delivering, hangs, openShop } from '../support.ts';

const shop = shared(openShop);

const failed: SendResult = { type: 'failed', reason: 'timeout' };
const denied: SendResult = { type: 'denied', reason: 'bad credentials' };

/** For tests that leave jobs behind, which the next worker would take. */
async function ownShop() {
  const own = await openShop();
  onTestFinished(own.close);
  return own;
}

/** Adds a job as the dispatcher would, but soon tried again. */
async function enqueue(rig: Delivering, msgId: string, more: Partial<NewJob<DeliveryJob>> = {}): Promise<string> {
  const job = deliveryJob({ msgId, group: '0', channel: 'jpush', appPackage: rig.appPackage });
  await rig.deps.jobs.add([{ ...job, backoff: { baseMs: 1, capMs: 1 }, ...more }]);
  return job.queue;
}

/** Waits until nothing is to be done in a queue any more. */
const idle = (rig: Delivering, queue: string) =>
  eventually(async () => {
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
  });

const kinds = async (rig: Delivering, msgId: string) => (await rig.outcomes(msgId)).map(({ type }) => type);

async function ready(to = ['c1'], { ports } = shop()) {
  const rig = delivering({ ports });
  await rig.terminals(...to.map((clientId) => rig.registered(clientId)));
  return { rig, msgId: await rig.accept({ to }) };
}

describe('a job', () => {
  test('is taken by a worker that serves its queue from the start, also for a package that no app has any more', async () => {
    const { rig, msgId } = await ready();
    const queue = await enqueue(rig, msgId);
    await rig.worker();
    await idle(rig, queue);
    expect(await kinds(rig, msgId)).toEqual(['MessageDispatchPrepared', 'MessageDispatched']);
  });

  test('whose call fails is tried again until it is sent, with one key', async () => {
    const { rig, msgId } = await ready();
    rig.jpush.answer(failed, failed);
    const queue = await enqueue(rig, msgId);
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1', 'key-1']);
    expect(await kinds(rig, msgId)).toEqual(['MessageDispatchPrepared', 'MessageDispatched']);
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 0 });
  });

  test('that fails at its last attempt is a dead letter; redriven, it is sent', async () => {
    const { rig, msgId } = await ready();
    rig.jpush.answer(failed, failed, failed);
    const queue = await enqueue(rig, msgId, { attempts: 3 });
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends).toHaveLength(3);
    const [letter, ...others] = await rig.deps.jobs.deadLetters<DeliveryJob>(queue, 10);
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ data: { msgId, group: '0' }, reason: 'timeout' });
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'gaveUp', round: 0 } });

    const redriving = { msgId, group: letter?.data.group ?? '', who: 'operator-1', why: 'mended', context: aContext() };
    expect(await redrive(rig.deps, redriving)).toEqual({ type: 'redriven', round: 1 });
    await idle(rig, queue);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
    expect(await rig.deps.jobs.deadLetters(queue, 10)).toEqual([]);
  });

  test('that the provider denies may be redriven as often as it takes', async () => {
    const { rig, msgId } = await ready();
    rig.jpush.answer(denied, denied);
    const queue = await enqueue(rig, msgId);
    await rig.worker();
    for (const times of [1, 2]) {
      await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 1, active: 0 }));
      expect(rig.jpush.sends).toHaveLength(times);
      await redrive(rig.deps, {
        msgId,
        group: '0',
        who: 'operator-1',
        context: aContext({ causationId: `request ${times}` }),
      });
    }
    await eventually(async () => expect(await rig.deps.jobs.queues()).not.toContain(queue));
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 2 } });
  });

  test('that the provider defers costs no attempt', async () => {
    const { rig, msgId } = await ready();
    const deferred: SendResult = { type: 'deferred', reason: 'rate', retryAfterMs: 100 };
    rig.jpush.answer(deferred, deferred);
    const queue = await enqueue(rig, msgId, { attempts: 1 });
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends).toHaveLength(3);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageDispatched');
  });

  test('whose recipients are split reaches each of them', async () => {
    const { rig, msgId } = await ready(['c1', 'c2', 'c3']);
    rig.jpush.answer({ type: 'nobodyReached', reason: 'no such ids', provider: {} });
    const queue = await enqueue(rig, msgId);
    await rig.worker();
    await idle(rig, queue);
    const reached = (await rig.outcomes(msgId)).flatMap((event) =>
      event.type === 'MessageDispatched' ? event.data.targets : [],
    );
    expect(reached.sort()).toEqual(['c1', 'c2', 'c3']);
  });

  test('whose recipients are all dead makes one call to them and one to each, and no more', async () => {
    const to = range(25).map((n) => `c${n}`);
    const { rig, msgId } = await ready(to);
    const nobody: SendResult = { type: 'nobodyReached', reason: 'no such ids', provider: {} };
    const dead = ({ recipients }: Delivery): SendResult => ({
      type: 'deadRecipients',
      clientIds: recipients.map(({ clientId }) => clientId),
      reason: 'no such id',
      provider: {},
    });
    rig.jpush.answer(nobody, ...range(100).map(() => dead));
    const queue = await enqueue(rig, msgId);
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends).toHaveLength(1 + 25);
    const lone = await rig.accept({ to: ['c0'] });
    await rig.terminals(rig.registered('c0'));
    await enqueue(rig, lone);
    await idle(rig, queue);
    expect(rig.jpush.sends).toHaveLength(1 + 25 + 1);
    for (const id of [msgId, lone])
      expect(
        new Set((await rig.outcomes(id)).flatMap((event) => ('failure' in event.data ? event.data.failure : []))),
      ).toEqual(new Set(['pushIdRejected']));
  });

  test('whose recipients are found dead one by one makes a call for each, making way in between', async () => {
    const to = range(50).map((n) => `c${n}`);
    const { rig, msgId } = await ready(to);
    const first = ({ recipients }: Delivery): SendResult => ({
      type: 'deadRecipients',
      clientIds: recipients.slice(0, 1).map(({ clientId }) => clientId),
      reason: 'no such id',
      provider: {},
    });
    rig.jpush.answer(...range(100).map(() => first));
    const queue = await enqueue(rig, msgId, { attempts: 1 });
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends).toHaveLength(50);
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 0 });
  });

  test('whose terminal has moved to another channel goes on there, though no worker served that queue before', async () => {
    const rig = delivering(shop(), ['jpush', 'm2m']);
    await rig.terminals(rig.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await rig.accept({ to: ['c1'] });
    await enqueue(rig, msgId);
    await rig.worker();
    await eventually(async () => expect(await kinds(rig, msgId)).toContain('MessageDispatched'));
    expect(rig.m2m.sends).toHaveLength(1);
  });

  test('whose terminal has moved to a channel that is not here is a dead letter there', async () => {
    const rig = delivering(shop(), ['jpush']);
    await rig.terminals(rig.registered('c1', { collab3th: 1, deviceType: '08' }));
    const msgId = await rig.accept({ to: ['c1'] });
    await enqueue(rig, msgId);
    await rig.worker();
    const queue = deliveryQueue('m2m', rig.appPackage);
    await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 1 }));
    expect(await rig.outcomes(msgId)).toMatchObject([
      { type: 'MessageDispatchPrepared', data: { channel: 'm2m', group: '0-0' } },
      { data: { failure: 'gaveUp', channel: 'm2m', group: '0-0' } },
    ]);
  });
});

describe('lanes', () => {
  /** Calls for one package hang, those for others are answered. */
  const hangsFor = (appPackage: string) => (delivery: Delivery, signal: AbortSignal) =>
    delivery.appPackage === appPackage ? hangs(delivery, signal) : ({ type: 'sent' } as const);

  test('one that hangs holds up no other, and no more than its share is under way', async () => {
    const own = await ownShop();
    const { rig: bad } = await ready(['c1'], own);
    const { rig: good, msgId } = await ready(['c1'], own);
    bad.jpush.answer(...range(LANE_CONCURRENCY).map(() => hangsFor(bad.appPackage)));
    for (const _ of range(LANE_CONCURRENCY + 8)) await enqueue(bad, await bad.accept());
    bad.worker();
    const queue = deliveryQueue('jpush', bad.appPackage);
    await eventually(() => expect(bad.jpush.sends).toHaveLength(LANE_CONCURRENCY));

    await enqueue(good, msgId);
    await eventually(async () => expect(await kinds(good, msgId)).toContain('MessageDispatched'));
    expect(bad.jpush.sends).toHaveLength(LANE_CONCURRENCY + 1);
    expect(await bad.deps.jobs.counts(queue)).toMatchObject({ active: LANE_CONCURRENCY, waiting: 8 });
  });

  test('one whose circuit is open holds up no other', async () => {
    const { rig: bad } = await ready();
    const { rig: good, msgId } = await ready();
    bad.jpush.answer(...range(5).map(() => failed));
    const queue = await enqueue(bad, await bad.accept());
    bad.worker();
    await eventually(() => expect(bad.lines.map(({ text }) => text)).toContain('circuit opened'));
    await enqueue(good, msgId);
    await eventually(async () => expect(await kinds(good, msgId)).toContain('MessageDispatched'));
    await idle(bad, queue);
    expect(bad.jpush.sends).toHaveLength(5 + 1 + 1);
  });
});

describe('stopping', () => {
  test('finishes its running jobs within the grace, takes no more, and closes the channels', async () => {
    const { rig, msgId } = await ready(['c1'], await ownShop());
    const answer = gate();
    rig.jpush.answer(() => answer.opened.then(() => ({ type: 'sent' as const })));
    const queue = await enqueue(rig, msgId);
    const worker = await rig.worker();
    await eventually(() => expect(rig.jpush.sends).toHaveLength(1));
    const stopped = worker.stop(10_000);
    const later = await rig.accept();
    await enqueue(rig, later);
    expect(rig.jpush.told.closed).toBe(false);
    answer.open();
    await stopped;
    expect(await kinds(rig, msgId)).toContain('MessageDispatched');
    expect(await kinds(rig, later)).toEqual([]);
    expect(rig.jpush.told.closed).toBe(true);
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 1, active: 0 });
  });

  test('serves no further queue, also not one that a job at hand adds to', async () => {
    const own = await ownShop();
    const { rig, msgId } = await ready(['c1', 'c2'], own);
    const answer = gate();
    rig.jpush.answer(() =>
      answer.opened.then(() => ({ type: 'nobodyReached' as const, reason: 'unknown', provider: {} })),
    );
    const queue = await enqueue(rig, msgId);
    const { rig: other, msgId: otherId } = await ready(['c1'], own);
    const worker = await rig.worker();
    await eventually(() => expect(rig.jpush.sends).toHaveLength(1));
    const stopped = worker.stop(10_000);
    await enqueue(other, otherId);
    answer.open();
    await stopped;
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 2, active: 0 });
    expect(rig.jpush.sends).toHaveLength(1);
    expect(await kinds(other, otherId)).toEqual([]);
  });

  test('cuts off jobs that do not end within the grace: they cost no attempt and are done by the next worker', async () => {
    const { rig, msgId } = await ready();
    rig.jpush.answer(hangs);
    const queue = await enqueue(rig, msgId, { attempts: 1 });
    const worker = await rig.worker();
    await eventually(() => expect(rig.jpush.sends).toHaveLength(1));
    await worker.stop(0);
    expect(await kinds(rig, msgId)).toEqual(['MessageDispatchPrepared']);
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 1, active: 0, dead: 0 });
    await rig.worker();
    await idle(rig, queue);
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1']);
    expect(await kinds(rig, msgId)).toContain('MessageDispatched');
  });
});
