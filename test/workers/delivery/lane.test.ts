import { describe, expect, test, vi } from 'vitest';
import type { CallFailure } from '../../../src/workers/channels/channel.ts';
import { gate, range } from '../../contract/support.ts';
import { aLane, call, pauseOf, sent, useStandingClock } from './lane-support.ts';

useStandingClock();

describe('the rate of the provider', () => {
  test('does not matter before the provider has said anything', async () => {
    expect(await call(aLane().lane, async () => sent)).toEqual(sent);
  });

  test('that is used up pauses the queue until it begins anew, without a call', async () => {
    const { lane } = aLane({ remaining: 0, resetsAt: Date.now() + 30_000 });
    const make = vi.fn(async () => sent);
    expect(await pauseOf(call(lane, make))).toBe(30_000);
    expect(make).not.toHaveBeenCalled();
    vi.advanceTimersByTime(30_000);
    expect(await call(lane, make)).toEqual(sent);
  });

  test('counts the calls under way', async () => {
    const { lane } = aLane({ remaining: 2, resetsAt: Date.now() + 10_000 });
    const held = gate();
    const underWay = range(2).map(() => call(lane, () => held.opened.then(() => sent)));
    expect(await pauseOf(call(lane, async () => sent))).toBe(10_000);
    held.open();
    await Promise.all(underWay);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });

  test('that is to begin anew in a year pauses for two minutes at most', async () => {
    const { lane } = aLane({ remaining: 0, resetsAt: Date.now() + 365 * 86_400_000 });
    expect(await pauseOf(call(lane, async () => sent))).toBe(120_000);
  });
});

describe('a provider that asks to wait', () => {
  test.each([
    [7_000, 7_000],
    [0, 100],
    [1e9, 120_000],
  ])('for %i ms pauses the queue for %i', async (retryAfterMs, pauseMs) => {
    const deferred: CallFailure = { type: 'deferred', reason: 'rate', retryAfterMs };
    expect(await pauseOf(call(aLane().lane, async () => deferred))).toBe(pauseMs);
  });

  test('does not open the circuit', async () => {
    const { lane, opened } = aLane();
    const deferred: CallFailure = { type: 'deferred', reason: 'rate', retryAfterMs: 500 };
    for (const _ of range(10)) await pauseOf(call(lane, async () => deferred));
    expect(opened).not.toHaveBeenCalled();
  });
});

test('an error of a call goes to the caller, and the call is no longer counted as under way', async () => {
  const { lane } = aLane({ remaining: 1, resetsAt: Date.now() + 10_000 });
  for (const _ of range(10))
    await expect(call(lane, () => Promise.reject(new Error('cut off')))).rejects.toThrow('cut off');
  expect(await call(lane, async () => sent)).toEqual(sent);
});
