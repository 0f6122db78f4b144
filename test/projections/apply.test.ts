/** Batches of any projection, shown with one that counts: an event that is applied twice would show. */
import { describe, expect, test } from 'vitest';
import type { RegistrationEvent } from '../../src/domain/events.ts';
import type { RecordedEvent } from '../../src/ports/event-log.ts';
import { foldPiece, piecesOf } from '../../src/projections/fold.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { channelRegistered, channelUpdated } from '../fixtures/samples.ts';
import { recorded, unregistered } from '../support/events.ts';
import { projected } from '../support/projection-spec.ts';

interface Count {
  readonly seen: number;
}

/** Counts the events of each client; ending a registration deletes its count, `c` is left as it is. */
const counting: Projection<Count, RegistrationEvent> = {
  name: 'counting',
  collection: { name: 'counting', version: 1, indexes: {} },
  filter: { prefixes: ['registration-'], types: ['ChannelRegistered', 'ChannelUpdated', 'ChannelUnregistered'] },
  idsOf: ({ data }) => [data.clientId, 'all'],
  evolve(document, { event }, id) {
    if (event.type === 'ChannelUnregistered' && id !== 'all') return null;
    if (id === 'c') return document;
    return { seen: (document?.seen ?? 0) + 1 };
  },
};

const history = recorded<RegistrationEvent>([
  channelRegistered({ clientId: 'a' }),
  channelRegistered({ clientId: 'b' }),
  channelUpdated({ clientId: 'a' }),
  channelUpdated({ clientId: 'a' }),
  unregistered({ clientId: 'b' }),
  channelRegistered({ clientId: 'c' }),
]);

const countsAfter = async (...batches: (readonly RecordedEvent<RegistrationEvent>[])[]) =>
  Object.fromEntries(
    [...(await projected(counting, batches))].map(([id, { document, position }]) => [
      id,
      [document.seen, Number(position)],
    ]),
  );

const expected = { a: [3, 4], all: [6, 6] };

test('a deletion has the position of its event, also if later events follow in the batch', () => {
  const [piece] = piecesOf(counting, history, 100);
  const { puts, deletes, last } = foldPiece(counting, piece ?? { events: [] }, new Map());
  expect(puts.map(({ id, position }) => [id, position])).toEqual([
    ['a', 4n],
    ['all', 6n],
  ]);
  expect(deletes).toEqual([{ id: 'b', position: 5n }]);
  expect(last).toBe(6n);
});

describe('a batch', () => {
  test('changes, deletes and leaves documents alone as its events say, each at its own position', async () => {
    expect(await countsAfter(history)).toEqual(expected);
  });

  test.each([1, 2, 3, 4, 5])('of %i events each gives the same documents', async (size) => {
    const batches = history.flatMap((_, index) => (index % size === 0 ? [history.slice(index, index + size)] : []));
    expect(await countsAfter(...batches)).toEqual(expected);
  });

  test('that overlaps the one before counts nothing twice', async () => {
    expect(await countsAfter(history.slice(0, 4), history.slice(2), history.slice(5))).toEqual(expected);
  });

  test('that has an event twice counts it once', async () => {
    expect(await countsAfter(history.flatMap((event) => [event, event]))).toEqual(expected);
  });

  test('without an event changes nothing', async () => {
    expect(await countsAfter(history, [])).toEqual(expected);
  });
});
