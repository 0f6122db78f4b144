/** docs/api.md §3 msgId. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MsgIdState, msgIdPattern, nextMsgId, noMsgId, sourceOf } from '../../src/domain/msg-id.ts';
import { zonedTime } from '../../src/domain/time.ts';

const time = zonedTime('Asia/Shanghai');
const NOW = Date.parse('2026-03-01T02:03:04.005Z');
const source = sourceOf('node-1');

/** The ids that a source makes at these moments. */
function idsAt(moments: Iterable<{ now: number; random: number }>, from: MsgIdState = noMsgId): string[] {
  let state = from;
  return Array.from(moments, ({ now, random }) => {
    const next = nextMsgId(state, { now, random, source, time });
    state = next.state;
    return next.id;
  });
}

/** [0, 1) as a random number generator gives it, its ends more often. */
const aRandom = fc.oneof(
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.constantFrom(0, 1 - Number.EPSILON),
);

describe('an id', () => {
  test('is the time in the service’s zone, the source, and a tail', () => {
    const [id = ''] = idsAt([{ now: NOW, random: 0.5 }]);
    expect(id).toMatch(msgIdPattern);
    expect(id).toHaveLength(26);
    expect(id.slice(0, 17)).toBe('20260301100304005');
    expect(id.slice(17, 21)).toBe(source);
  });

  test('has digits and lowercase letters only, at any moment and any random number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(2099, 0) }), aRandom, fc.string(), (now, random, node) => {
        const { id } = nextMsgId(noMsgId, { now, random, source: sourceOf(node), time });
        expect(id).toMatch(/^[0-9]{17}[0-9a-z]{9}$/);
      }),
    );
  });
});

describe('the ids of a source', () => {
  test('sort in the order they were made, and none comes twice, however the clock goes', () => {
    const aMoment = fc.record({ now: fc.integer({ min: NOW - 5, max: NOW + 5 }), random: aRandom });
    fc.assert(
      fc.property(fc.array(aMoment, { maxLength: 200 }), (moments) => {
        const ids = idsAt(moments);
        expect(ids).toEqual([...new Set(ids)].sort());
      }),
    );
  });

  test('are 200,000 different ones in one millisecond, in order', () => {
    let seed = 42;
    const ids = idsAt(
      Array.from({ length: 200_000 }, () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
        return { now: NOW, random: seed / 2 ** 31 };
      }),
    );
    expect(new Set(ids).size).toBe(200_000);
    expect(ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? ''))).toBe(true);
    expect(ids.every((id) => msgIdPattern.test(id))).toBe(true);
  });

  test('do not follow a clock that steps back', () => {
    const [before = '', after = ''] = idsAt([
      { now: NOW, random: 0 },
      { now: NOW - 3_600_000, random: 0 },
    ]);
    expect(after.slice(0, 17)).toBe(before.slice(0, 17));
    expect(after > before).toBe(true);
  });

  test('go on in the next millisecond when the count is used up', () => {
    const last = { at: NOW, count: 36 ** 5 - 1 };
    const [before = '', after = ''] = idsAt(
      [
        { now: NOW, random: 0.999 },
        { now: NOW + 1, random: 0 },
      ],
      last,
    );
    expect(before.slice(0, 17)).toBe('20260301100304006');
    expect(before).toMatch(msgIdPattern);
    expect(after > before).toBe(true);
  });

  test('of two nodes differ even at the same moment and random number', () => {
    const made = ['node-1', 'node-2'].map(
      (node) => nextMsgId(noMsgId, { now: NOW, random: 0.5, source: sourceOf(node), time }).id,
    );
    expect(made[0]).not.toBe(made[1]);
  });
});

describe('a source', () => {
  test('is four characters that depend on the name alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(sourceOf(name)).toMatch(/^[0-9a-z]{4}$/);
        expect(sourceOf(name)).toBe(sourceOf(name));
      }),
    );
    expect(sourceOf('node-1')).not.toBe(sourceOf('node-2'));
  });
});
