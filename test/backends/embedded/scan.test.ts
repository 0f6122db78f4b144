/** Subscriptions and readers of rare events, in a log that is full of others. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { positionOf, START } from '../../../src/domain/position.ts';
import type { EventLog, LogBatch, LogFilter } from '../../../src/ports/event-log.ts';
import { devicesProjection } from '../../../src/projections/devices.ts';
import { startRunner } from '../../../src/projections/runner.ts';
import { channelRegistered } from '../../fixtures/samples.ts';
import { openTestBackend } from '../../support/embedded.ts';
import { errorLog } from '../../support/error-log.ts';
import { appendAll } from '../../support/events.ts';

const OTHERS = 60_000;
const filter: LogFilter = { prefixes: ['registration-'], types: ['ChannelRegistered'] };

/** A registration, and after it receipts that can't be decoded: a reader that skips them need not decode them. */
async function crowded() {
  const test = await openTestBackend();
  onTestFinished(test.close);
  await appendAll(test.backend.log, [channelRegistered({ clientId: 'a' })]);
  await test.backend.close();
  const db = new DatabaseSync(join(test.folder, 'ums.sqlite'));
  const insert = db.prepare(
    'INSERT INTO events (position, stream, revision, type, id, metadata, data) VALUES (?, ?, 0, ?, ?, ?, ?)',
  );
  db.exec('BEGIN');
  for (let n = 1; n <= OTHERS; n += 1)
    insert.run(1 + n, `receipt-m${n}/c`, 'MessageReceived', `id-${n}`, 'x'.repeat(300), 'y'.repeat(300));
  db.exec('COMMIT');
  db.close();
  return test.reopen();
}

/** How often the event loop turns while something is done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let done = false;
  void work.finally(() => {
    done = true;
  });
  for (; !done; turns += 1) await turn();
  return turns;
}

async function untilCaughtUp(log: EventLog, abort: AbortController): Promise<LogBatch[]> {
  const batches: LogBatch[] = [];
  for await (const batch of log.subscribe(START, filter, abort.signal)) {
    batches.push(batch);
    if (batch.caughtUp) abort.abort();
  }
  return batches;
}

test('a subscription lets the event loop turn all the while, and says how far it is', async () => {
  const { log } = await crowded();
  const reading = untilCaughtUp(log, new AbortController());
  expect(await turnsDuring(reading)).toBeGreaterThanOrEqual(10);
  const batches = await reading;
  expect(batches.flatMap(({ events }) => events)).toHaveLength(1);
  expect(batches.length).toBeGreaterThanOrEqual(5);
  expect(batches.at(-1)).toMatchObject({ scanned: positionOf(1 + OTHERS), caughtUp: true, behind: 0 });
});

test('a subscription that is aborted in the midst of others ends within a few turns', async () => {
  const { log } = await crowded();
  const abort = new AbortController();
  const reading = untilCaughtUp(log, abort);
  await turn();
  abort.abort();
  expect(await turnsDuring(reading)).toBeLessThan(5);
  expect((await reading).some(({ caughtUp }) => caughtUp)).toBe(false);
});

test('a page of rare events lets the event loop turn', async () => {
  const { log } = await crowded();
  const reading = log.readAll(START, filter, 10);
  expect(await turnsDuring(reading)).toBeGreaterThanOrEqual(10);
  expect(await reading).toHaveLength(1);
});

test('a projection of rare events does not read all others again at the next start', async () => {
  const { log, documents, leases } = await crowded();
  const { logger, errors } = errorLog();
  const runner = startRunner(devicesProjection, { log, documents, leases, logger });
  onTestFinished(() => runner.stop());
  expect(await documents.reached(devicesProjection.name, positionOf(1 + OTHERS - 10_000), 20_000)).toBe(true);
  expect(errors).toEqual([]);
});
