import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pause, restartDelay } from '../../../src/ports/eventsourcing/loop.ts';

describe('the delay before a restart', () => {
  test('doubles with the failures in a row up to 5 s, at most half of it taken off', () => {
    for (const [failures, full] of [200, 400, 800, 1600, 3200, 5000, 5000].entries())
      for (let time = 0; time < 50; time += 1) {
        expect(restartDelay(failures)).toBeGreaterThanOrEqual(full / 2);
        expect(restartDelay(failures)).toBeLessThanOrEqual(full);
      }
    expect(restartDelay(10_000)).toBeLessThanOrEqual(5000);
  });

  test('differs among parts that fail together', () => {
    expect(new Set(Array.from({ length: 20 }, () => restartDelay(5))).size).toBeGreaterThan(1);
  });
});

describe('a pause', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('lasts as long as it was asked for', async () => {
    let over = false;
    const pausing = pause(1000, new AbortController().signal).then(() => {
      over = true;
    });
    await vi.advanceTimersByTimeAsync(999);
    expect(over).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await pausing;
  });

  test('ends with the signal, and leaves no timer', async () => {
    const abort = new AbortController();
    const pausing = pause(60_000, abort.signal);
    abort.abort();
    await pausing;
    expect(vi.getTimerCount()).toBe(0);
    await pause(60_000, abort.signal);
    expect(vi.getTimerCount()).toBe(0);
  });
});
