/** When operations are committed: one that comes alone at once, the background's seldom while callers wait. */
import { describe, expect, test } from 'vitest';
import { commitPace } from '../../../../src/backends/embedded/writer/commit-pace.ts';

/** A clock to be set by hand, in ms. */
function paced() {
  const clock = { at: 1_000_000 };
  return { clock, pace: commitPace(() => clock.at) };
}

describe('the background', () => {
  test('commits at once while few requests come, however often', () => {
    const { clock, pace } = paced();
    for (let turn = 0; turn < 100; turn += 1) {
      pace.begin(15, 1);
      clock.at += 2;
      expect(pace.beforeBackground()).toBe(0);
      expect(pace.backgroundRows()).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('waits while they come faster than they are committed, and has its turn then', () => {
    const { clock, pace } = paced();
    pace.begin(0, 1);
    pace.begin(16, 0);
    const wait = pace.beforeBackground();
    expect(wait).toBeGreaterThan(100);
    expect(pace.backgroundRows()).toBeLessThan(1000);
    clock.at += wait / 2;
    pace.begin(16, 0);
    expect(pace.beforeBackground()).toBeCloseTo(wait / 2);
    clock.at += wait / 2;
    pace.begin(16, 0);
    expect(pace.beforeBackground()).toBe(0);
  });

  test('waits no longer once the load is over', () => {
    const { clock, pace } = paced();
    pace.begin(16, 1);
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
