/** When operations are committed: one that comes alone at once, the background's soon, or late when no time is left. */
import { describe, expect, test } from 'vitest';
import { commitPace } from '../../../../src/backends/embedded/writer/commit-pace.ts';

/** A clock to be set by hand, in ms. */
function paced() {
  const clock = { at: 1_000_000 };
  return { clock, pace: commitPace(() => clock.at) };
}

/** Under load, after a while in which the thread that answers was so busy. */
function underLoad(busy: number) {
  const { clock, pace } = paced();
  for (let report = 0; report < 100; report += 1) pace.answering(busy);
  pace.begin(16, 1);
  return { clock, pace };
}

describe('the background', () => {
  test('commits at once while few requests come, however often and however busy the thread that answers', () => {
    const { clock, pace } = paced();
    for (let turn = 0; turn < 100; turn += 1) {
      pace.answering(1);
      pace.begin(15, 1);
      clock.at += 2;
      expect(pace.beforeBackground()).toBe(0);
      expect(pace.backgroundRows()).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('commits soon under load while the thread that answers has time left', () => {
    for (const busy of [0, 0.5, 0.85]) {
      const { clock, pace } = underLoad(busy);
      expect(pace.beforeBackground()).toBeGreaterThan(0);
      expect(pace.beforeBackground()).toBeLessThanOrEqual(20);
      clock.at += pace.beforeBackground();
      expect(pace.beforeBackground()).toBe(0);
    }
  });

  test('waits the longer the nearer that thread is to its limit, and 200 ms at most', () => {
    const waits = [0.85, 0.9, 0.93, 0.96, 0.98, 1].map((busy) => underLoad(busy).pace.beforeBackground());
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBeCloseTo(200);
    expect(new Set(waits.slice(0, 5)).size).toBe(5);
  });

  test('has its turn then, in bites, also while the load goes on', () => {
    const { clock, pace } = underLoad(1);
    const wait = pace.beforeBackground();
    expect(pace.backgroundRows()).toBeLessThan(1000);
    clock.at += wait / 2;
    pace.begin(16, 0);
    expect(pace.beforeBackground()).toBeCloseTo(wait / 2);
    clock.at += wait / 2;
    pace.begin(16, 0);
    expect(pace.beforeBackground()).toBe(0);
  });

  test('is not held up by one report that is out of line', () => {
    const { pace } = underLoad(0.5);
    pace.answering(1);
    expect(pace.beforeBackground()).toBeLessThanOrEqual(20);
  });

  test('waits no longer once the load is over', () => {
    const { clock, pace } = underLoad(1);
    expect(pace.beforeBackground()).toBeGreaterThan(0);
    clock.at += 21;
    expect(pace.beforeBackground()).toBe(0);
    expect(pace.backgroundRows()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a transaction', () => {
  test('begins at once after a small one, and waits for company after a larger one', () => {
    const { clock, pace } = paced();
    pace.begin(2, 1);
    expect(pace.beforeNext()).toBe(0);
    pace.begin(2, 2);
    const wait = pace.beforeNext();
    expect(wait).toBeGreaterThan(0);
    clock.at += wait / 2;
    expect(pace.beforeNext()).toBeCloseTo(wait / 2);
    clock.at += wait;
    expect(pace.beforeNext()).toBe(0);
  });
});
