import { expect, onTestFinished, test } from 'vitest';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { DeadJob } from '../../src/ports/jobs.ts';
import { discardOverdue, startDeadLetterCleaner } from '../../src/workers/dead-letters.ts';
import { eventually } from '../contract/support.ts';
import { recordedTelemetry } from '../support/telemetry.ts';
import { type Delivering, delivering, openShop } from './support.ts';

const signal = new AbortController().signal;
const DAY_MS = 86_400_000;

async function open(): Promise<Delivering> {
  const shop = await openShop();
  onTestFinished(shop.close);
  return delivering(shop);
}

/** Buries a job of the message. @returns its queue */
async function buried(rig: Delivering, msgId: string): Promise<string> {
  const { id, queue, data } = rig.job(msgId);
  await rig.deps.jobs.add([{ id, queue, data, attempts: 1, backoff: { baseMs: 1, capMs: 1 } }]);
  const handler = async (): Promise<void> => {
    throw new DeadJob('no');
  };
  const consumer = rig.deps.jobs.consume({ queuePrefix: queue, concurrency: 1, handler });
  await eventually(async () =>
    expect((await rig.deps.jobs.deadLetters(queue, 10)).map((letter) => letter.id)).toContain(id),
  );
  await consumer.close(1_000);
  return queue;
}

test('a dead letter goes when its message has expired and its retention is over, not before', async () => {
  const rig = await open();
  const long = await rig.accept({ expires: 5 * 86_400 });
  const short = await rig.accept({ expires: 60 });
  expect(await rig.deps.documents.reached('messages', await rig.deps.log.head(), 10_000)).toBe(true);
  const queue = await buried(rig, short);
  await buried(rig, long);
  const left = async () => (await rig.deps.jobs.deadLetters(queue, 10)).map(({ id }) => id);

  rig.clock.move(6 * DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(0);
  rig.clock.move(1.5 * DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(1);
  expect(await left()).toEqual([`${long}-0`]);
  rig.clock.move(4 * DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(0);
  rig.clock.move(DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(1);
  expect(await left()).toEqual([]);
});

test('one whose message is unknown stays as long after its death', async () => {
  const rig = await open();
  const queue = await buried(rig, 'unheard-of');
  rig.clock.move(6 * DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(0);
  rig.clock.move(2 * DAY_MS);
  expect(await discardOverdue(rig.deps, signal)).toBe(1);
  expect(await rig.deps.jobs.deadLetters(queue, 10)).toEqual([]);
});

test('the cleaner runs by itself, says how it is, and goes on after a failure of the store', async () => {
  const rig = await open();
  const queue = await buried(rig, 'unheard-of');
  rig.clock.move(8 * DAY_MS);
  let calls = 0;
  const queues: typeof rig.deps.jobs.queues = async () => {
    calls += 1;
    if (calls === 1) throw new StoreUnavailable('away');
    return rig.deps.jobs.queues();
  };
  const { changes, telemetry } = recordedTelemetry();
  const cleaner = startDeadLetterCleaner({ ...rig.deps, telemetry, jobs: { ...rig.deps.jobs, queues } });
  onTestFinished(() => cleaner.stop());
  await eventually(async () => expect(await rig.deps.jobs.deadLetters(queue, 10)).toEqual([]));
  await eventually(async () =>
    expect(changes).toEqual(['dead-letter-cleaner waiting: away', 'dead-letter-cleaner up']),
  );
  expect(rig.lines).toEqual([]);
});
