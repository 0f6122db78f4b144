import { describe, expect, test, vi } from 'vitest';
import type { CallFailure } from '../../../src/workers/channels/channel.ts';
import { gate, range } from '../../contract/support.ts';
import { aLane, call, failed, pauseOf, sent, useStandingClock } from './lane-support.ts';

useStandingClock();

describe('the rate of the provider', () => {
  test('does not matter before the provider has said anything', async () => {
    expect(await call(aLane().lane, async () => sent)).toEqual(sent);
  });

  test('that is used up pauses the queue until it begins anew, without a call', async () => {
    const { lane, told } = aLane({ remaining: 0, resetsInMs: 30_000 });
    const make = vi.fn(async () => sent);
    expect(await pauseOf(call(lane, make))).toBe(30_000);
    expect(make).not.toHaveBeenCalled();
    told.rate = { remaining: 0, resetsInMs: 0 };
    expect(await call(lane, make)).toEqual(sent);
  });

  test('counts the calls under way', async () => {
    const { lane } = aLane({ remaining: 2, resetsInMs: 10_000 });
    const held = gate();
    const underWay = range(2).map(() => call(lane, () => held.opened.then(() => sent)));
    expect(await pauseOf(call(lane, async () => sent))).toBe(10_000);
    held.open();
    await Promise.all(underWay);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });

  test('that is to begin anew in a year pauses for two minutes at most', async () => {
    const { lane } = aLane({ remaining: 0, resetsInMs: 365 * 86_400_000 });
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
  const { lane } = aLane({ remaining: 1, resetsInMs: 10_000 });
  for (const _ of range(10))
    await expect(call(lane, () => Promise.reject(new Error('cut off')))).rejects.toThrow('cut off');
  expect(await call(lane, async () => sent)).toEqual(sent);
});

describe('what an operator would ask about', () => {
  const deferred: CallFailure = { type: 'deferred', reason: 'rate', retryAfterMs: 7_000 };

  test('a wait that the provider asks for is told once for all calls that meet it', async () => {
    const { lane, waits } = aLane();
    for (const _ of range(5)) await pauseOf(call(lane, async () => deferred));
    expect(waits.mock.calls).toEqual([['rate', 7_000]]);
    vi.advanceTimersByTime(7_000);
    await pauseOf(call(lane, async () => deferred));
    expect(waits).toHaveBeenCalledTimes(2);
  });

  test('so is a rate that is used up', async () => {
    const { lane, waits } = aLane({ remaining: 0, resetsInMs: 30_000 });
    for (const _ of range(5)) await pauseOf(call(lane, async () => sent));
    expect(waits.mock.calls).toEqual([['the rate of the provider is used up', 30_000]]);
  });

  test('a circuit that closes is told, and a call that works in between is not', async () => {
    const { lane, closed } = aLane();
    await call(lane, async () => sent);
    expect(closed).not.toHaveBeenCalled();
    for (const _ of range(5)) await call(lane, async () => failed);
    vi.advanceTimersByTime(2_000);
    await call(lane, async () => sent);
    await call(lane, async () => sent);
    expect(closed).toHaveBeenCalledOnce();
  });

  test('a wall clock that is set back prolongs no wait', async () => {
    const { lane, told } = aLane({ remaining: 0, resetsInMs: 1_000 });
    for (const _ of range(5)) await pauseOf(call(lane, async () => sent));
    vi.setSystemTime(Date.now() - 3_600_000);
    told.rate = { remaining: 0, resetsInMs: 0 };
    expect(await call(lane, async () => sent)).toEqual(sent);
    for (const _ of range(5)) await call(lane, async () => failed);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });
});
