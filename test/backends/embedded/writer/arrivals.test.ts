import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Op } from '../../../../src/backends/embedded/protocol.ts';
import {
  type Arrivals,
  arrivals,
  type Batch,
  countOps,
  runsOf,
} from '../../../../src/backends/embedded/writer/arrivals.ts';
import { range } from '../../../contract/support.ts';
import { putOp } from '../support.ts';

const single = (id: string): Op => ({ kind: 'finishJob', queue: 'q', id });
const idOf = (op: Op): string => (op as Extract<Op, { kind: 'finishJob' }>).id;

function holding(...batches: readonly Batch<string>[]): Arrivals<string> {
  const waiting = arrivals<string>();
  for (const batch of batches) waiting.add(batch);
  return waiting;
}

describe('operations that wait for the writer', () => {
  test('are taken up to so many rows; the rest of a batch keeps its numbers', () => {
    const waiting = holding({ sender: 'a', first: 7, ops: range(5).map((n) => single(String(n))) });
    expect(waiting.take(2)).toEqual([{ sender: 'a', first: 7, ops: [single('0'), single('1')] }]);
    expect(waiting.take(100)).toEqual([{ sender: 'a', first: 9, ops: [single('2'), single('3'), single('4')] }]);
    expect(waiting.isEmpty).toBe(true);
  });

  test('are one at least, however many rows it has', () => {
    const large = putOp('d', { deletes: range(50).map((n) => ({ id: `${n}`, position: 1 })) });
    const waiting = holding({ sender: 'a', first: 0, ops: [large, single('next')] });
    expect(waiting.take(10)).toEqual([{ sender: 'a', first: 0, ops: [large] }]);
    expect(waiting.take(10)).toEqual([{ sender: 'a', first: 1, ops: [single('next')] }]);
  });

  test('of one sender are taken apart from the others', () => {
    const [a, b] = ['a', 'b'].map((sender) => ({ sender, first: 0, ops: [single(sender)] }));
    const waiting = holding(a as Batch<string>, b as Batch<string>);
    expect(waiting.takeFrom('a')).toEqual([a]);
    expect(waiting.takeAll()).toEqual([b]);
  });

  test('come out once each, in their order, however they are taken', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6)), fc.array(fc.nat(9), { minLength: 1 }), (sizes, bites) => {
        let number = 0;
        const batches = sizes.map((size) => {
          const first = number;
          number += size;
          return { sender: 'a', first, ops: range(size).map((n) => single(String(first + n))) };
        });
        const waiting = holding(...batches);
        const taken: Batch<string>[] = [];
        for (let turn = 0; !waiting.isEmpty; turn += 1) {
          const bite = bites[turn % bites.length] ?? 1;
          const more = waiting.take(bite);
          expect(countOps(more)).toBeLessThanOrEqual(Math.max(1, bite));
          taken.push(...more);
        }
        expect(taken.flatMap(({ ops }) => ops.map(idOf))).toEqual(range(number).map(String));
        for (const { first, ops } of taken)
          expect(ops.map(idOf)).toEqual(range(ops.length).map((n) => String(first + n)));
      }),
    );
  });
});

test('a batch falls into runs of operations that match or do not, each with its numbers', () => {
  const ops = ['a', 'b', 'X', 'c', 'Y', 'Z'].map(single);
  const runs = runsOf({ sender: 's', first: 7, ops }, (op) => idOf(op) < 'a');
  expect(runs.map(({ matches, batch }) => [matches, batch.first, batch.ops.map(idOf).join('')])).toEqual([
    [false, 7, 'ab'],
    [true, 9, 'X'],
    [false, 10, 'c'],
    [true, 11, 'YZ'],
  ]);
  expect(runsOf({ sender: 's', first: 0, ops: [] }, () => true)).toEqual([]);
});
