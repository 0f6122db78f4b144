import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { heldItems } from '../../../src/api/admission/held.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function holder(max = 1000, random = () => 0) {
  const released: number[] = [];
  return { released, held: heldItems<number>({ max, release: (item) => released.push(item), random }) };
}

test('an item goes out after 250 ms and before 400 ms', () => {
  for (const random of [0, 0.5, 0.999]) {
    const { held, released } = holder(10, () => random);
    held.hold(1);
    vi.advanceTimersByTime(249);
    expect(released).toEqual([]);
    vi.advanceTimersByTime(152);
    expect(released).toEqual([1]);
    expect(held.size).toBe(0);
  }
});

test('at most 100 go out in 10 ms, in the order in which they came', () => {
  const { held, released } = holder();
  for (let item = 0; item < 350; item += 1) held.hold(item);
  vi.advanceTimersByTime(250);
  expect(released).toHaveLength(100);
  vi.advanceTimersByTime(9);
  expect(released).toHaveLength(100);
  vi.advanceTimersByTime(1);
  expect(released).toHaveLength(200);
  vi.advanceTimersByTime(20);
  expect(released).toEqual(Array.from({ length: 350 }, (_, index) => index));
});

test('beyond the bound the oldest goes at once', () => {
  const { held, released } = holder(2);
  held.hold(1);
  held.hold(2);
  held.hold(3);
  expect(released).toEqual([1]);
  expect(held.size).toBe(2);
});

test('all can be let go at once, and nothing comes after', () => {
  const { held, released } = holder();
  for (let item = 0; item < 250; item += 1) held.hold(item);
  held.releaseAll();
  expect(released).toHaveLength(250);
  expect(vi.getTimerCount()).toBe(0);
});
