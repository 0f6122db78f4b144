/** However the log is cut into batches, and however often a part of it comes again, the documents are the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageEvent, ReceiptEvent, RegistrationEvent, UmsEvent } from '../../src/domain/events.ts';
import { countByStatus } from '../../src/domain/status.ts';
import type { RecordedEvent } from '../../src/ports/event-log.ts';
import { deliveriesProjection } from '../../src/projections/deliveries.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import { messagesProjection } from '../../src/projections/messages.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { channelRegistered, channelUpdated } from '../fixtures/samples.ts';
import {
  accepted,
  answered,
  dispatched,
  dispatchFailed,
  displayCancelled,
  displayed,
  erased,
  expired,
  prepared,
  received,
  recorded,
  targetsNamed,
  unregistered,
} from '../support/events.ts';
import { projected } from '../support/projection-spec.ts';

const all = targetsNamed(4);
const someTargets = fc.subarray(
  all.map(({ clientId, appPackage }) => ({ clientId, appPackage })),
  { minLength: 1 },
);

/** Any one event of a message. */
const afterAcceptance: fc.Arbitrary<(msgId: string) => MessageEvent | ReceiptEvent> = fc
  .tuple(someTargets, fc.integer({ min: 0, max: 9 }))
  .map(([refs, kind]) => (msgId) => {
    const targets = refs.map(({ clientId }) => clientId);
    const clientId = targets[0] ?? 'client-1';
    const events = [
      () => prepared({ msgId, targets }),
      () => dispatched({ msgId, targets }),
      () => dispatchFailed({ msgId, targets, failure: 'gaveUp' }),
      () => dispatchFailed({ msgId, targets, failure: 'refused' }),
      () => expired({ msgId, targets: refs }),
      () => displayCancelled({ msgId, targets: refs }),
      () => erased({ msgId, targets: refs }),
      () => received({ msgId, clientId }),
      () => displayed({ msgId, clientId }),
      () => answered({ msgId, clientId }),
    ];
    return (events[kind] ?? accepted)() as MessageEvent | ReceiptEvent;
  });

/** Events of several messages, interleaved; each message begins with its acceptance. */
const messageLog = fc
  .array(fc.tuple(fc.constantFrom('m1', 'm2', 'm3'), afterAcceptance), { maxLength: 40, size: 'max' })
  .map((steps) => {
    const begun = new Set<string>();
    return steps.flatMap(([msgId, event]): (MessageEvent | ReceiptEvent)[] => {
      if (begun.has(msgId)) return [event(msgId)];
      begun.add(msgId);
      return [accepted({ msgId, targets: all })];
    });
  });

const registrationLog = fc.array(
  fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(channelRegistered, channelUpdated, unregistered))
    .map(([clientId, event]): RegistrationEvent => event({ clientId })),
  { maxLength: 30, size: 'max' },
);

/** How a log comes: the size of each batch, and how far before the end of the last one the next begins. */
const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 12 }), back: fc.integer({ min: 0, max: 6 }) }), {
  minLength: 40,
  maxLength: 40,
});

/** How many documents a write addresses; a single event may exceed it. */
const largestWrites = fc.integer({ min: 1, max: 10 });

function batchesOf<E>(events: readonly E[], steps: readonly { size: number; back: number }[]): E[][] {
  const batches: E[][] = [];
  let end = 0;
  for (const { size, back } of steps) {
    const start = Math.max(0, end - back);
    batches.push(events.slice(start, start + size));
    end = Math.min(events.length, Math.max(end, start + size));
  }
  return [...batches, events.slice(end)];
}

async function sameDocuments<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly RecordedEvent<E>[],
  steps: readonly { size: number; back: number }[],
  largestWrite: number,
): Promise<void> {
  const mine = events.filter(({ event }) => projection.filter.types.includes(event.type));
  const oneByOne = await projected(
    projection,
    mine.map((event) => [event]),
  );
  expect(await projected(projection, batchesOf(mine, steps), largestWrite)).toEqual(oneByOne);
}

describe('any interleaving, cut into any batches, gives the documents of folding one by one', () => {
  test('messages and deliveries', async () => {
    await fc.assert(
      fc.asyncProperty(messageLog, cuts, largestWrites, async (events, steps, largestWrite) => {
        await sameDocuments(messagesProjection, recorded(events), steps, largestWrite);
        await sameDocuments(deliveriesProjection, recorded(events), steps, largestWrite);
      }),
      { numRuns: 150 },
    );
  });

  test('devices', async () => {
    await fc.assert(
      fc.asyncProperty(registrationLog, cuts, largestWrites, (events, steps, largestWrite) =>
        sameDocuments(devicesProjection, recorded(events), steps, largestWrite),
      ),
      { numRuns: 150 },
    );
  });

  test('and in them a message agrees with its deliveries', async () => {
    await fc.assert(
      fc.asyncProperty(messageLog, async (events) => {
        const mine = recorded(events).filter(({ event }) => messagesProjection.filter.types.includes(event.type));
        const messages = await projected(messagesProjection, [mine]);
        const deliveries = [...(await projected(deliveriesProjection, [mine])).values()].map(
          ({ document }) => document,
        );
        for (const [msgId, { document }] of messages) {
          const own = deliveries.filter((delivery) => delivery.msgId === msgId);
          expect(document.counts).toEqual(countByStatus(own.map(({ status }) => status)));
        }
      }),
      { numRuns: 150 },
    );
  });
});
