import { expect, test } from 'vitest';
import { positionOf } from '../../src/domain/position.ts';
import { writtenPositions } from '../../src/queries/written-positions.ts';

test('the newest position of each message counts, and the oldest messages are forgotten', () => {
  const written = writtenPositions(2);
  written.note('a', positionOf(5));
  written.note('a', positionOf(3));
  expect(written.of('a')).toBe(5n);
  written.note('b', positionOf(6));
  written.note('c', positionOf(7));
  expect([written.of('a'), written.of('b'), written.of('c')]).toEqual([undefined, 6n, 7n]);
});
