import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Target } from '../../src/domain/events.ts';
import type { Position } from '../../src/domain/position.ts';
import { messageStream } from '../../src/domain/streams.ts';
import { DELIVERY_QUEUES, type DeliveryJob } from '../../src/ports/delivery-jobs.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import type { Job, Jobs } from '../../src/ports/jobs.ts';
import { type DispatcherDeps, startDispatcher } from '../../src/workers/dispatcher.ts';
import { eventually, freshName, range } from '../contract/support.ts';
import { aContext, aMessage, aTarget, channelRegistered } from '../fixtures/samples.ts';
import { tamper } from '../projections/support.ts';
import { openTestBackend } from '../support/embedded.ts';
import { appendAll, dispatched } from '../support/events.ts';
import { recordedTelemetry } from '../support/telemetry.ts';

async function open() {
  const backend = await openTestBackend();
  onTestFinished(backend.close);
  const errors: string[] = [];
  const nothing = (): void => undefined;
  const logger = {
    debug: nothing,
    info: nothing,
    warn: nothing,
    error: (_: object, text: string) => void errors.push(text),
  };
  const { changes, telemetry } = recordedTelemetry();

  const start = (override: Partial<DispatcherDeps> = {}) => {
    const { log, documents, jobs, leases } = backend.backend;
    const dispatcher = startDispatcher({ log, documents, jobs, leases, logger, telemetry, ...override });
    onTestFinished(() => dispatcher.stop());
    return dispatcher;
  };
  return {
    backend,
    start,
    errors,
    changes,
    accept: (targets: readonly Target[]) => accept(backend.backend.log, targets),
    dispatchedUpTo: (position: Position) =>
      backend.backend.documents.reached('dispatcher', position, 10_000).then((reached) => expect(reached).toBe(true)),
  };
}

async function accept(log: DispatcherDeps['log'], targets: readonly Target[]) {
  const msgId = freshName();
  const event = { type: 'MessageAccepted', data: aMessage({ msgId, targets: [...targets] }) } as const;
  const result = await log.append(messageStream(msgId), [{ id: randomUUID(), event, context: aContext() }], 'noStream');
  if (result.type !== 'appended') throw new Error(`not appended but ${result.type}`);
  return { msgId, position: result.position };
}

/** The jobs of the queues, taken out of them. */
async function drain(jobs: Jobs): Promise<DeliveryJob[]> {
  const taken: Job<DeliveryJob>[] = [];
  const handler = async (job: Job<DeliveryJob>): Promise<void> => void taken.push(job);
  const consumer = jobs.consume<DeliveryJob>({ queuePrefix: DELIVERY_QUEUES, concurrency: 8, handler });
  await eventually(async () => expect(await jobs.queues()).toEqual([]));
  await consumer.close(1000);
  return taken.map(({ data }) => data).sort((a, b) => (a.msgId + a.group < b.msgId + b.group ? -1 : 1));
}

const phones = (count: number, appPackage = 'com.example.phone') =>
  range(count).map((n) => aTarget({ clientId: `c${n}`, appPackage }));

describe('the dispatcher', () => {
  test('adds a job for each channel and app of a message', async () => {
    const rig = await open();
    rig.start();
    const { msgId, position } = await rig.accept([
      ...phones(3),
      aTarget({ clientId: 'speaker', appPackage: 'com.example.speaker', channel: 'm2m', deviceType: '08' }),
      aTarget({ clientId: 'fridge', appPackage: 'com.example.fridge' }),
      aTarget({ clientId: 'other', appPackage: 'com.example.speaker', channel: 'jpush' }),
    ]);
    await rig.dispatchedUpTo(position);
    expect(await drain(rig.backend.backend.jobs)).toEqual([
      { msgId, group: '0', channel: 'jpush', appPackage: 'com.example.phone' },
      { msgId, group: '1', channel: 'm2m', appPackage: 'com.example.speaker' },
      { msgId, group: '2', channel: 'jpush', appPackage: 'com.example.fridge' },
      { msgId, group: '3', channel: 'jpush', appPackage: 'com.example.speaker' },
    ]);
  });

  test('adds a job for each thousand targets', async () => {
    const rig = await open();
    rig.start();
    const { position } = await rig.accept(phones(2001));
    await rig.dispatchedUpTo(position);
    expect((await drain(rig.backend.backend.jobs)).map(({ group }) => group)).toEqual(['0', '1', '2']);
  });

  test('goes on, batch after batch', async () => {
    const rig = await open();
    rig.start();
    const ids: string[] = [];
    for (const _ of range(3)) {
      const { msgId, position } = await rig.accept(phones(1));
      await rig.dispatchedUpTo(position);
      ids.push(msgId);
    }
    expect((await drain(rig.backend.backend.jobs)).map(({ msgId }) => msgId)).toEqual([...ids].sort());
    expect(rig.errors).toEqual([]);
  });

  test('reads nothing but acceptances', async () => {
    const rig = await open();
    rig.start();
    const { msgId, position } = await rig.accept(phones(1));
    await appendAll(rig.backend.backend.log, [channelRegistered(), dispatched({ msgId: 'unheard-of' })]);
    await rig.dispatchedUpTo(position);
    expect(await drain(rig.backend.backend.jobs)).toMatchObject([{ msgId }]);
  });

  test('resumes from its checkpoint: messages of its absence are dispatched, earlier ones are not again', async () => {
    const rig = await open();
    const first = rig.start();
    const before = await rig.accept(phones(1));
    await rig.dispatchedUpTo(before.position);
    await first.stop();
    await drain(rig.backend.backend.jobs);
    const after = await rig.accept(phones(1));
    await rig.backend.reopen();
    rig.start();
    await rig.dispatchedUpTo(after.position);
    expect(await drain(rig.backend.backend.jobs)).toMatchObject([{ msgId: after.msgId }]);
  });

  test('that ended between adding jobs and moving its checkpoint adds none twice', async () => {
    const rig = await open();
    const { documents, jobs } = rig.backend.backend;
    let failures = 0;
    const moveCheckpoint: typeof documents.moveCheckpoint = async (move) => {
      failures += 1;
      if (failures <= 2) throw new StoreUnavailable('cut off');
      await documents.moveCheckpoint(move);
    };
    rig.start({ documents: { ...documents, moveCheckpoint } });
    const messages = await Promise.all(
      range(3).map(() => rig.accept([...phones(1), ...phones(1, 'com.example.fridge')])),
    );
    for (const { position } of messages) await rig.dispatchedUpTo(position);
    expect(rig.changes).toContain('dispatcher waiting: cut off');
    expect(rig.errors).toEqual([]);
    expect(await drain(jobs)).toHaveLength(6);
  });

  test('goes on once the job store is back', async () => {
    const rig = await open();
    const { jobs } = rig.backend.backend;
    let left = 1;
    const add: Jobs['add'] = async (added) => {
      left -= 1;
      if (left >= 0) throw new StoreUnavailable('away');
      await jobs.add(added);
    };
    rig.start({ jobs: { ...jobs, add } });
    const { msgId, position } = await rig.accept(phones(1));
    await rig.dispatchedUpTo(position);
    expect(await drain(jobs)).toMatchObject([{ msgId }]);
  });

  test('whose checkpoint another one has moved goes on from where it then stands', async () => {
    const rig = await open();
    const { documents, jobs } = rig.backend.backend;
    const dispatcher = rig.start();
    const { position } = await rig.accept(phones(1));
    await rig.dispatchedUpTo(position);
    await drain(jobs);
    const elsewhere = await appendAll(rig.backend.backend.log, [channelRegistered()]);
    const log = await rig.backend.backend.log.id();
    await documents.moveCheckpoint({ name: 'dispatcher', from: position, to: elsewhere, log });
    const next = await rig.accept(phones(1));
    await eventually(() => expect(dispatcher.state()).toMatchObject({ error: { name: 'CheckpointLost' } }));
    await rig.dispatchedUpTo(next.position);
    expect(rig.errors).toEqual([]);
    await eventually(() => expect(dispatcher.state()).toEqual({ status: 'running' }));
    expect(await drain(jobs)).toMatchObject([{ msgId: next.msgId }]);
  });

  test('stops at a message that it can not read, loudly', async () => {
    const rig = await open();
    const good = await rig.accept(phones(1));
    const bad = await rig.accept(phones(1));
    tamper(rig.backend, bad.position, { data: '{' });
    const dispatcher = rig.start();
    await eventually(() =>
      expect(dispatcher.state()).toMatchObject({ status: 'failed', error: { name: 'UndecodableEvent' } }),
    );
    expect(rig.changes.at(-1)).toBe(`dispatcher failed: MessageAccepted is not JSON (position ${bad.position})`);
    expect(await rig.backend.backend.documents.checkpoint('dispatcher')).toBe(good.position);
  });
});
