/** docs/architecture.md §Commands: load, fold, decide, append; conflicts are decided again on fresh state, a few times. */
import { describe, expect, test } from 'vitest';
import { type Decider, decided } from '../../../src/domain/decider.ts';
import { eventId } from '../../../src/domain/event-id.ts';
import type { EventOf } from '../../../src/domain/events.ts';
import { positionOf, revisionOf } from '../../../src/domain/position.ts';
import { reject } from '../../../src/domain/result-codes.ts';
import { registrationStream } from '../../../src/domain/streams.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import type {
  AppendOptions,
  AppendResult,
  EventLog,
  ExpectedRevision,
  NewEvent,
  RecordedEvent,
  StoredRequest,
} from '../../../src/ports/event-log.ts';
import {
  type ExecuteOptions,
  execute,
  folded,
  newEvents,
  StreamContended,
} from '../../../src/ports/eventsourcing/execute.ts';
import { aContext, channelUpdated } from '../../fixtures/samples.ts';

type Updated = EventOf<'ChannelUpdated'>;
/** How many events to append, and the largest state that is allowed. */
interface Grow {
  readonly by: number;
  readonly limit: number;
}

/** Counts events: the smallest stream that shows how `execute` treats one. */
const counting: Decider<number, Grow, Updated> = {
  initialState: () => 0,
  evolve: (count) => count + 1,
  decide: ({ by, limit }, count) =>
    count >= limit ? reject('H32006', `${count}`) : decided(...Array.from({ length: by }, () => channelUpdated())),
};

const stream = registrationStream({ clientId: 'client-1', appPackage: 'com.example.phone' });
const context = aContext();

const recorded = (count: number): RecordedEvent[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `${n}`,
    stream,
    revision: revisionOf(n),
    position: positionOf(n + 1),
    event: channelUpdated(),
    metadata: { ...context, schemaVersion: 1 },
  }));

interface Append {
  readonly events: readonly NewEvent[];
  readonly expected: ExpectedRevision;
  readonly options: AppendOptions | undefined;
}

/** A log with scripted answers to appends, which grows by one event each time it is read. */
function scripted(length: number, ...answers: AppendResult[]) {
  const appends: Append[] = [];
  let reads = 0;
  const log = {
    async readStream() {
      reads += 1;
      return recorded(length + reads - 1);
    },
    async append(_stream, events, expected, options) {
      appends.push({ events, expected, options });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined) throw new Error('an append that was not foreseen');
      return answer;
    },
  } satisfies Partial<EventLog>;
  return { log: log as unknown as EventLog, appends, reads: () => reads };
}

const appended: AppendResult = { type: 'appended', revision: revisionOf(9), position: positionOf(42) };
const conflict: AppendResult = { type: 'conflict', expected: 'noStream', actual: revisionOf(0) };
const grow = (by = 1, limit = 100): Grow => ({ by, limit });

const run = (log: EventLog, command: Grow, options: Partial<ExecuteOptions<number, Updated>> = {}) =>
  execute(log, counting, stream, command, { context, ...options });

describe('execute', () => {
  test('appends the decided events at the revision that was read', async () => {
    const { log, appends } = scripted(3, appended);
    const result = await run(log, grow(2));
    expect(result).toEqual({
      type: 'done',
      events: [channelUpdated(), channelUpdated()],
      loaded: { state: 5, revision: 9n, position: 42n },
      position: 42n,
    });
    expect(appends).toEqual([
      { events: newEvents(stream, [channelUpdated(), channelUpdated()], context), expected: 2n, options: undefined },
    ]);
  });

  test('expects no stream where there was none', async () => {
    const { log, appends } = scripted(0, appended);
    await run(log, grow());
    expect(appends[0]?.expected).toBe('noStream');
  });

  test('appends nothing when nothing was decided', async () => {
    const { log, appends } = scripted(3);
    expect(await run(log, grow(0))).toEqual({
      type: 'done',
      events: [],
      loaded: { state: 3, revision: 2n, position: 3n },
      position: undefined,
    });
    expect(appends).toEqual([]);
  });

  test('passes a refusal on as a value', async () => {
    const { log, appends } = scripted(3);
    expect(await run(log, grow(1, 3))).toEqual(reject('H32006', '3'));
    expect(appends).toEqual([]);
  });

  test('decides again on fresh state after a conflict', async () => {
    const { log, appends, reads } = scripted(3, conflict, conflict, appended);
    expect((await run(log, grow())).type).toBe('done');
    expect(appends.map(({ expected }) => expected)).toEqual([2n, 3n, 4n]);
    expect(new Set(appends.map(({ events }) => events[0]?.id)).size).toBe(1);
    expect(reads()).toBe(3);
  });

  test('may end in a refusal after a conflict', async () => {
    const { log } = scripted(3, conflict);
    expect(await run(log, grow(1, 5))).toEqual(reject('H32006', '5'));
  });

  test('gives up on a stream that stays contended', async () => {
    const { log, appends } = scripted(0, conflict);
    await expect(run(log, grow())).rejects.toBeInstanceOf(StoreUnavailable);
    expect(appends.length).toBeGreaterThan(3);
    expect(appends.length).toBeLessThan(50);
  });

  test('waits before each further try, as long and as often as its patience says', async () => {
    const { log, appends, reads } = scripted(0, conflict);
    const pauses: number[] = [];
    const pause = async (conflicts: number): Promise<void> => {
      pauses.push(conflicts);
      // The stream is read after the pause: events of the pause count.
      expect([appends.length, reads()]).toEqual([conflicts, conflicts]);
    };
    await expect(run(log, grow(), { patience: { tries: 4, pause } })).rejects.toBeInstanceOf(StreamContended);
    expect(pauses).toEqual([1, 2, 3]);
    expect(appends).toHaveLength(4);
  });

  test('holds a deleted stream for a defect', async () => {
    const { log, appends } = scripted(0, { type: 'conflict', expected: 'noStream', actual: 'deleted' });
    await expect(run(log, grow())).rejects.toThrow(/was deleted/);
    expect(appends).toHaveLength(1);
  });

  test('passes on the earlier answer of a request', async () => {
    const earlier: StoredRequest = { key: 'k', fingerprint: 'f', answer: '{}', position: positionOf(7) };
    const { log } = scripted(0, { type: 'duplicateRequest', earlier });
    expect(await run(log, grow())).toEqual({ type: 'duplicateRequest', earlier });
  });

  test('starts from the state that was loaded before, and reads only after a conflict', async () => {
    const loaded = folded(counting, recorded(7));
    const first = scripted(0, appended);
    await run(first.log, grow(), { loaded });
    expect(first.reads()).toBe(0);
    expect(first.appends[0]?.expected).toBe(6n);
    const second = scripted(9, conflict, appended);
    await run(second.log, grow(), { loaded });
    expect(second.appends.map(({ expected }) => expected)).toEqual([6n, 8n]);
  });

  test('commits the append options with the events, made from the events of that try', async () => {
    const { log, appends } = scripted(0, conflict, appended);
    const counts: number[] = [];
    await run(log, grow(2), {
      appendOptions: (events) => {
        counts.push(events.length);
        return { content: { id: 'c', text: `${counts.length}` } };
      },
    });
    expect(counts).toEqual([2, 2]);
    expect(appends.map(({ options }) => options?.content?.text)).toEqual(['1', '2']);
  });

  test('lets the cause make the ids, where one event causes several appends', async () => {
    const { log, appends } = scripted(0, appended);
    await run(log, grow(), { cause: 'round-2' });
    expect(appends[0]?.events).toEqual([
      { id: eventId(stream, 'round-2', 'ChannelUpdated', 0), event: channelUpdated(), context },
    ]);
  });

  test('does not hide errors of the log', async () => {
    const { log } = scripted(0);
    await expect(run(log, grow())).rejects.toThrow('an append that was not foreseen');
  });
});

test('new events have ids of their own that are the same each time', () => {
  const events = [channelUpdated(), channelUpdated()];
  const ids = newEvents(stream, events, context).map(({ id }) => id);
  expect(ids).toEqual([0, 1].map((index) => eventId(stream, context.causationId, 'ChannelUpdated', index)));
  expect(new Set(ids).size).toBe(2);
});
