/** The two status machines against the words of docs/api.md §3. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countByStatus,
  MessageStatus,
  mayBecome,
  messageStatuses,
  messageStatusOf,
  RegistrationStatus,
  statusAfterRegister,
} from '../../src/domain/status.ts';

const aStatus = fc.constantFrom(...messageStatuses);

describe('a registration', () => {
  test('1 is registered, 2 unregistered, 3 updated', () => {
    expect(RegistrationStatus).toEqual({ registered: 1, unregistered: 2, updated: 3 });
  });

  test.each([
    [undefined, 1],
    [1, 3],
    [2, 1],
    [3, 3],
  ] as const)('from %s register leads to %s', (before, after) => {
    expect(statusAfterRegister(before)).toBe(after);
  });
});

describe('a target of a message', () => {
  test('the numbers are those of the contract', () => {
    expect(MessageStatus).toEqual({
      notSent: 0,
      sent: 1,
      received: 2,
      displayed: 3,
      answered: 4,
      cancelled: 5,
      erased: 6,
    });
    expect(messageStatuses).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  /** Row: from; column: to. */
  const allowed = [
    [0, 1, 1, 1, 1, 1, 1],
    [0, 0, 1, 1, 1, 1, 1],
    [0, 0, 0, 1, 1, 1, 1],
    [0, 0, 0, 0, 1, 1, 1],
    [0, 0, 0, 0, 0, 1, 1],
    [0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0],
  ];
  const pairs = messageStatuses.flatMap((from) =>
    messageStatuses.map((to) => [from, to, allowed[from]?.[to] === 1] as const),
  );

  test.each(pairs)('may go from %s to %s: %s', (from, to, may) => {
    expect(mayBecome(from, to)).toBe(may);
  });
});

describe('the status of a message', () => {
  test.each([
    [[0, 0], 0],
    [[0, 1], 1],
    [[4, 0], 4],
    [[2, 3, 1], 3],
    [[5, 1], 1],
    [[5, 0], 0],
    [[6, 4], 4],
    [[5, 5], 5],
    [[6, 6], 6],
    [[6, 5], 5],
  ] as const)('of targets at %j is %s', (targets, status) => {
    expect(messageStatusOf(countByStatus(targets))).toBe(status);
  });

  test('of no targets is "not sent"', () => {
    expect(messageStatusOf(countByStatus([]))).toBe(0);
  });

  test('is the highest, of which 5 and 6 count only when all have them', () => {
    fc.assert(
      fc.property(fc.array(aStatus, { minLength: 1, maxLength: 200 }), (targets) => {
        const beforeTheEnd = targets.filter((status) => status < 5);
        const expected = beforeTheEnd.length > 0 ? Math.max(...beforeTheEnd) : Math.min(...targets);
        expect(messageStatusOf(countByStatus(targets))).toBe(expected);
      }),
    );
  });
});

test('counts say for each status how many targets stand there, zeros included', () => {
  expect(countByStatus([])).toEqual({ '0': 0, '1': 0, '2': 0, '3': 0, '4': 0, '5': 0, '6': 0 });
  fc.assert(
    fc.property(fc.array(aStatus), (targets) => {
      const counts = countByStatus(targets);
      expect(Object.keys(counts)).toEqual(['0', '1', '2', '3', '4', '5', '6']);
      for (const status of messageStatuses)
        expect(counts[`${status}`]).toBe(targets.filter((one) => one === status).length);
    }),
  );
});
