/** Who commits when: what comes alone at once, the background seldom while callers wait. */
import { describe, expect, test } from 'vitest';
import { commitPace } from '../../../src/backends/embedded/commit-pace.ts';

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
  /** @returns ms that the next one waits after one of so many operations */
  function waitAfter(operations: number): number {
    const { pace } = paced();
    pace.begin(operations, 0);
    const before = performance.now();
    pace.waitForMore();
    return performance.now() - before;
  }

  test('begins at once after a small one, and a moment later after a larger one', () => {
    expect(waitAfter(4)).toBeGreaterThan(1.5);
    // The clock stands still: a wait would be as long as the one above.
    const quick = Math.min(...[1, 2, 3, 1, 2, 3].map(waitAfter));
    expect(quick).toBeLessThan(1.5);
  });
});
