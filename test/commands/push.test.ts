import { describe, expect, test } from 'vitest';
import { type PushInput, type PushPorts, push } from '../../src/commands/push.ts';
import { MAX_TARGETS } from '../../src/commands/targets.ts';
import { appDirectory } from '../../src/domain/apps.ts';
import { encodeEvent } from '../../src/domain/codec.ts';
import { positionOf, revisionOf } from '../../src/domain/position.ts';
import type { Documents, KeyLimits, Stored } from '../../src/ports/documents.ts';
import {
  type AppendOptions,
  type AppendResult,
  appendSize,
  type EventLog,
  MAX_APPEND_BYTES,
  type NewEvent,
} from '../../src/ports/event-log.ts';
import type { DeviceDocument } from '../../src/ports/read-models/devices.ts';

const at = '2026-03-01T00:00:00.000Z';

function device(clientId: string, deviceId?: string): Stored<DeviceDocument> {
  const document: DeviceDocument = {
    clientId,
    appPackage: 'p',
    appId: 'app',
    pushId: clientId,
    deviceId,
    deviceType: '01',
    collab3th: 0,
    firstRegisteredAt: at,
    status: 1,
    firstPosition: '1',
  };
  return { id: `${clientId}/p`, position: positionOf(1), document };
}

/** Every name is found `found` times, on devices called `deviceId`; appends answer `result`. */
function ports(found: Record<string, string[]>, result: AppendResult, deviceId?: string) {
  const appends: { events: readonly NewEvent[]; options: AppendOptions | undefined }[] = [];
  const documents: Pick<Documents, 'findByKeys'> = {
    async findByKeys<T>(_collection: unknown, _index: string, keys: readonly string[], { each }: KeyLimits) {
      const entries = keys.flatMap((key) => (found[key] === undefined ? [] : [[key, found[key]] as const]));
      return new Map(
        entries.map(([key, ids]) => [
          key,
          ids.slice(0, each).map((id) => device(id, deviceId)) as unknown as Stored<T>[],
        ]),
      );
    },
  };
  const log: Pick<EventLog, 'append' | 'readStream'> = {
    async append(_stream, events, _expected, options) {
      appends.push({ events, options });
      return result;
    },
    // The stream when the append finds it taken: another message.
    readStream: async () =>
      appends.flatMap(({ events }) =>
        events.map(({ id, event, context }) => ({
          id,
          event,
          stream: 's' as never,
          revision: revisionOf(0),
          position: positionOf(1),
          metadata: { ...context, schemaVersion: 1 },
        })),
      ),
  };
  const all = { log, documents, apps: appDirectory([]) } as unknown as PushPorts;
  return { all, appends };
}

const appended: AppendResult = { type: 'appended', revision: revisionOf(0), position: positionOf(9) };

function input(names: string[], change: Partial<PushInput> = {}): PushInput {
  return {
    mode: 'strict',
    destinationType: 0,
    field: 'dst.Id',
    selection: { by: 'client', names },
    expires: 60,
    message: '{"a":1}',
    sender: { origin: 'terminal', appId: 'app', userId: 'u' },
    msgId: 'm',
    causeFor: (filtered) => ({
      context: {
        correlationId: 'm',
        causationId: 'request:1',
        actor: { kind: 'terminal' },
        at,
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      },
      request: { key: 'k', fingerprint: 'f' },
      answerOf: () => JSON.stringify(filtered),
    }),
    ...change,
  };
}

const many = (count: number, prefix = 'c') => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('targets', () => {
  test('as many as allowed, and B00006 for one more, also over several names', async () => {
    const fits = ports({ all: many(MAX_TARGETS) }, appended);
    expect(await push(fits.all, input(['all']))).toMatchObject({ type: 'done', position: 9n });
    const over = ports({ a: many(MAX_TARGETS), b: many(1, 'd') }, appended);
    expect(await push(over.all, input(['a', 'b']))).toMatchObject({ code: 'B00006', detail: 'dst.Id' });
    expect(over.appends).toEqual([]);
  });

  test.each([
    ['5000 with long names', MAX_TARGETS, 'd', 50, 100],
    ['200 with names that are longer still', 200, '汉', 1_400, 1_600],
    ['one whose name is nothing but escapes', 1, '\u0001', 140_000, 160_000],
  ])('%s go into one append of any store, or B00006', async (_, count, unit, fits, tooLong) => {
    const fitting = ports({ all: many(count) }, appended, unit.repeat(fits));
    expect(await push(fitting.all, input(['all']))).toMatchObject({ type: 'done' });
    const events = fitting.appends.flatMap((append) => append.events);
    expect(appendSize(events.map(({ event, context }) => encodeEvent(event, context)))).toBeLessThan(MAX_APPEND_BYTES);
    const over = ports({ all: many(count) }, appended, unit.repeat(tooLong));
    expect(await push(over.all, input(['all']))).toMatchObject({ code: 'B00006', detail: 'dst.Id' });
    expect(over.appends).toEqual([]);
  });

  test('names that msgPushtry drops count twice, since the answer repeats them', async () => {
    const dropped = (length: number) => many(199).map((name) => name + 'd'.repeat(length));
    const fitting = ports({ a: ['x'] }, appended);
    expect(await push(fitting.all, input(['a', ...dropped(2_200)], { mode: 'try' }))).toMatchObject({ type: 'done' });
    for (const { events, options } of fitting.appends) {
      const encoded = events.map(({ event, context }) => encodeEvent(event, context));
      expect(appendSize(encoded)).toBeLessThan(MAX_APPEND_BYTES / 2);
      expect(appendSize(encoded, options?.request)).toBeGreaterThan(1.5 * appendSize(encoded));
      expect(appendSize(encoded, options?.request)).toBeLessThan(MAX_APPEND_BYTES);
    }
    const over = ports({ a: ['x'] }, appended);
    const outcome = await push(over.all, input(['a', ...dropped(2_400)], { mode: 'try' }));
    expect(outcome).toMatchObject({ code: 'B00006', detail: 'dst.Id' });
    expect(over.appends).toEqual([]);
  });

  test('one to which two names lead is listed once', async () => {
    const { all, appends } = ports({ a: ['x', 'y'], b: ['y', 'z'] }, appended);
    await push(all, input(['a', 'b']));
    expect(appends[0]?.events[0]?.event.data).toMatchObject({
      targets: [{ clientId: 'x' }, { clientId: 'y' }, { clientId: 'z' }],
    });
  });
});

test('the content, the remembered answer and the event go in one append', async () => {
  const { all, appends } = ports({ a: ['x'] }, appended);
  const outcome = await push(all, input(['gone', 'a'], { mode: 'try' }));
  expect(outcome).toEqual({ type: 'done', answer: '["gone"]', position: 9n });
  expect(appends.map(({ options }) => options)).toEqual([
    { content: { id: 'm', text: '{"a":1}' }, request: { key: 'k', fingerprint: 'f', answer: '["gone"]' } },
  ]);
});

test('the record of a faster twin is reported', async () => {
  const earlier = { key: 'k', fingerprint: 'f', answer: 'x', position: positionOf(3) };
  const { all } = ports({ a: ['x'] }, { type: 'duplicateRequest', earlier });
  expect(await push(all, input(['a']))).toEqual({ type: 'duplicateRequest', earlier });
});

test('an id that another message has is never answered with', async () => {
  const taken: AppendResult = { type: 'conflict', expected: 'noStream', actual: revisionOf(0) };
  const { all } = ports({ a: ['x'] }, taken);
  await expect(push(all, input(['a']))).rejects.toThrow('msgId was given out twice');
});
