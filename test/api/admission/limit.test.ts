import { describe, expect, test } from 'vitest';
import { initialLimit, isCalm, type Limit, nextLimit, type Window } from '../../../src/api/admission/limit.ts';

const good: Window = { worstMs: 20, lateMs: 2, calmMs: undefined, peak: 512 };
const bad: Window = { worstMs: 60, lateMs: 15, calmMs: undefined, peak: 512 };

function limitAfter(windows: number, window: Window, from: Limit = initialLimit): Limit {
  let state = from;
  for (let count = 0; count < windows; count += 1) state = nextLimit(state, window);
  return state;
}

test('a latency beyond the target cuts in proportion, by 30 % at the most', () => {
  expect(nextLimit(initialLimit, { ...bad, worstMs: 50, lateMs: 0 }).limit).toBe(460);
  expect(nextLimit(initialLimit, { ...bad, worstMs: 5000 }).limit).toBe(358);
});

test('the lateness of the event loop counts like latency', () => {
  expect(nextLimit(initialLimit, { ...good, lateMs: 100 }).limit).toBeLessThan(512);
});

test('it stays between 8 and 512', () => {
  expect(limitAfter(100, bad).limit).toBe(8);
  expect(limitAfter(1000, good, limitAfter(100, bad)).limit).toBe(512);
});

test('below the target it rises by 4 in each window', () => {
  const low = limitAfter(100, bad);
  expect(nextLimit(low, good).limit).toBe(12);
  expect(limitAfter(10, good, low).limit).toBe(48);
});

test('128 are enough to cut: under overload the rest waits where it cannot be seen, in the sockets', () => {
  expect(nextLimit(initialLimit, { ...bad, peak: 127 }).limit).toBe(512);
  expect(nextLimit(initialLimit, { ...bad, peak: 128 }).limit).toBe(358);
});

test('with far fewer requests than the limit, slowness has another cause: a slow machine refuses none', () => {
  expect(limitAfter(1000, { ...bad, worstMs: 3000, peak: 64 }).limit).toBe(512);
});

describe('a store that is slow by itself', () => {
  const slow: Window = { worstMs: 140, lateMs: 0, calmMs: 60, peak: 100 };

  test('raises the target, since no limit makes it faster', () => {
    const known = limitAfter(60, slow, limitAfter(100, bad));
    expect(known.limit).toBeGreaterThan(100);
    expect(known.calmMs).toBeCloseTo(60, 0);
  });

  test('which is forgotten after some time without proof', () => {
    const known = limitAfter(60, slow);
    const half = limitAfter(350, { ...bad, worstMs: 0, lateMs: 0 }, known);
    expect(half.calmMs).toBeGreaterThan(20);
    expect(half.calmMs).toBeLessThan(35);
  });

  test('and a fast answer ends it at once', () => {
    expect(nextLimit(limitAfter(60, slow), { ...slow, calmMs: 5 }).calmMs).toBe(5);
  });

  test('is bounded', () => {
    const stuck = limitAfter(100, { ...slow, calmMs: 9000, worstMs: 600, peak: 512 });
    expect(stuck.limit).toBe(8);
  });
});

test('only few at once show what a request takes by itself', () => {
  expect([isCalm(8), isCalm(9)]).toEqual([true, false]);
});

test('it settles where the target is kept, in a system whose latency grows with the running requests', () => {
  const perSecond = 4000;
  let state = initialLimit;
  for (let window = 0; window < 400; window += 1)
    state = nextLimit(state, {
      worstMs: (state.limit * 1000) / perSecond,
      lateMs: 3,
      calmMs: undefined,
      peak: state.limit,
    });
  expect(state.limit).toBeGreaterThan(110);
  expect(state.limit).toBeLessThan(180);
});
