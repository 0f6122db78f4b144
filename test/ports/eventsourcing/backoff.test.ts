import { expect, test } from 'vitest';
import { backoffMs } from '../../../src/ports/eventsourcing/backoff.ts';

test('a backoff doubles with the failures in a row up to its cap, at most half of it taken off', () => {
  const backoff = { baseMs: 2, capMs: 100 };
  const failures = [0, 1, 2, 3, 6, 50, 10_000];
  expect(failures.map((n) => backoffMs(backoff, n, 1))).toEqual([2, 4, 8, 16, 100, 100, 100]);
  expect(failures.map((n) => backoffMs(backoff, n, 0))).toEqual([1, 2, 4, 8, 50, 50, 50]);
});

test('those who failed together do not come back together', () => {
  const pauses = Array.from({ length: 20 }, () => backoffMs({ baseMs: 1000, capMs: 5000 }, 3));
  expect(new Set(pauses).size).toBeGreaterThan(1);
});
