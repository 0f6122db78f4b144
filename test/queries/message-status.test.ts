import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AcceptedMessage, EventContext } from '../../src/domain/events.ts';
import { type DispatchGroup, messageDecider } from '../../src/domain/message.ts';
import { nextMsgId, noMsgId } from '../../src/domain/msg-id.ts';
import { receiptDecider } from '../../src/domain/receipt.ts';
import { messageStream, receiptStream } from '../../src/domain/streams.ts';
import { zonedTime } from '../../src/domain/time.ts';
import { CopyOfAnotherVersion } from '../../src/ports/errors.ts';
import { execute } from '../../src/ports/eventsourcing/execute.ts';
import type { Subscription } from '../../src/ports/eventsourcing/subscription.ts';
import { startProjections } from '../../src/projections/index.ts';
import { messageStatus } from '../../src/queries/message-status.ts';
import { writtenPositions } from '../../src/queries/written-positions.ts';
import { openTestBackend, type TestBackend } from '../support/embedded.ts';

let opened: TestBackend;
let runners: readonly Subscription[] = [];
beforeEach(async () => {
  opened = await openTestBackend();
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.stop()));
  runners = [];
  await opened.close();
});

const time = zonedTime('Asia/Shanghai');
const { id: msgId } = nextMsgId(noMsgId, { now: Date.now(), random: 0.5, source: 'test', time });
const targets = ['a', 'b', 'c'].map((clientId) => ({
  clientId,
  appPackage: 'p',
  channel: 'jpush' as const,
  deviceType: '01' as const,
}));
const message: AcceptedMessage = {
  msgId,
  origin: 'terminal',
  appId: 'app',
  userId: 'sender',
  destination: { type: 0, mode: 'strict', filtered: [] },
  expires: 60,
  expiresAt: '2026-03-01T00:01:00.000Z',
  content: { sha256: '0'.repeat(64), size: 2 },
  targets,
};

function context(second: number): EventContext {
  return {
    correlationId: msgId,
    causationId: `test:${second}`,
    actor: { kind: 'system' },
    at: new Date(Date.UTC(2026, 2, 1, 0, 0, second)).toISOString(),
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  };
}

/** Accepted, sent to a and b, displayed on b, refused for c. @returns the position of the last event */
async function history() {
  const { log } = opened.backend;
  const group: DispatchGroup = { msgId, group: '0', channel: 'jpush', appPackage: 'p', targets: ['a', 'b'], round: 0 };
  const run = (command: Parameters<typeof messageDecider.decide>[0], second: number) =>
    execute(log, messageDecider, messageStream(msgId), command, { context: context(second) });
  await run({ type: 'Accept', message }, 0);
  const target = { clientId: 'b', appPackage: 'p' };
  const report = { type: 'Report', msgId, target, status: 3 } as const;
  await execute(log, receiptDecider, receiptStream(msgId, 'b'), report, { context: context(1) });
  await run({ type: 'RecordDispatched', group }, 2);
  const last = await run(
    { type: 'RecordFailure', group: { ...group, group: '1', targets: ['c'] }, failure: 'refused', reason: 'no' },
    3,
  );
  if (last.type !== 'done' || last.position === undefined) throw new Error('nothing appended');
  return last.position;
}

const expected = {
  status: 3,
  pushTime: '2026-03-01T00:00:02.000Z',
  summary: { '0': 1, '1': 1, '2': 0, '3': 1, '4': 0, '5': 0, '6': 0 },
  targets: [
    { clientId: 'a', status: 1, pushTime: '2026-03-01T00:00:02.000Z' },
    { clientId: 'b', status: 3, reportTime: '2026-03-01T00:00:01.000Z', pushTime: '2026-03-01T00:00:02.000Z' },
    { clientId: 'c', status: 0, failure: { code: 'refused', reason: 'no' } },
  ],
};

const header = { msgId, appId: 'app', userId: 'sender', acceptedAt: '2026-03-01T00:00:00.000Z' };

const never = (): boolean => false;

test('the log answers while the read models know nothing, and they answer the same once they do', async () => {
  const position = await history();
  const { log, documents, leases } = opened.backend;
  const sources = { log, documents, written: writtenPositions(), hasStopped: never };
  const fromLog = await messageStatus(sources, msgId);
  expect(fromLog).toMatchObject({ ...expected, header });

  runners = await startProjections({ log, documents, leases, logger: pino({ enabled: false }) });
  const closed = { ...log, readStream: () => Promise.reject(new Error('not to be asked')) };
  for (const name of ['messages', 'deliveries']) expect(await documents.reached(name, position, 5000)).toBe(true);
  const fromReadModels = await messageStatus({ ...sources, log: closed }, msgId);
  expect(fromReadModels).toMatchObject({ ...expected, header });
  expect(fromReadModels?.targets.map(({ index: _, ...view }: { index?: number } & object) => view)).toEqual(
    fromLog?.targets,
  );
});

test('a target missing in the read model sends the question to the log', async () => {
  const position = await history();
  const { log, documents, leases } = opened.backend;
  runners = await startProjections({ log, documents, leases, logger: pino({ enabled: false }) });
  for (const name of ['messages', 'deliveries']) await documents.reached(name, position, 5000);
  const incomplete: typeof documents = {
    ...documents,
    async find(collection, options) {
      const page = await documents.find(collection, options);
      return { ...page, items: page.items.slice(1) } as typeof page;
    },
  };
  expect(
    await messageStatus({ log, documents: incomplete, written: writtenPositions(), hasStopped: never }, msgId),
  ).toMatchObject(expected);
});

test('a query waits for the writes of this node, and reads the log when the read models stay behind', async () => {
  const position = await history();
  const { log, documents } = opened.backend;
  const written = writtenPositions();
  written.note(msgId, position);
  const asked: unknown[] = [];
  const behind: typeof documents = {
    ...documents,
    async reached(name, at, timeoutMs) {
      asked.push([name, at, timeoutMs]);
      return false;
    },
  };
  expect(await messageStatus({ log, documents: behind, written, hasStopped: never }, msgId)).toMatchObject(expected);
  expect(asked).toEqual([
    ['messages', position, 2000],
    ['deliveries', position, 2000],
  ]);
});

test.each(['messages', 'deliveries'])('the log is asked at once when the read model %s has failed', async (stopped) => {
  const position = await history();
  const { log, documents } = opened.backend;
  const written = writtenPositions();
  written.note(msgId, position);
  const unasked: typeof documents = { ...documents, reached: () => Promise.reject(new Error('not to be asked')) };
  const hasStopped = (readModel: string): boolean => readModel === stopped;
  expect(await messageStatus({ log, documents: unasked, written, hasStopped }, msgId)).toMatchObject(expected);
});

test('no such message, or no such id', async () => {
  const { log, documents } = opened.backend;
  const sources = { log, documents, written: writtenPositions(), hasStopped: never };
  expect(await messageStatus(sources, msgId)).toBeUndefined();
  expect(await messageStatus(sources, 'x')).toBeUndefined();
});

test('a read model of another release sends the question to the log', async () => {
  await history();
  const { log, documents } = opened.backend;
  const get = () => Promise.reject(new CopyOfAnotherVersion('messages serves version 9'));
  const sources = { log, documents: { ...documents, get }, written: writtenPositions(), hasStopped: never };
  expect(await messageStatus(sources, msgId)).toMatchObject({ ...expected, header });
});
