import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { PauseQueue } from '../../src/ports/jobs.ts';
import type { CallFailure, RateState } from '../../src/workers/channels/channel.ts';
import { type Lane, lane } from '../../src/workers/lane.ts';
import { gate, range } from '../contract/support.ts';
import { scriptedChannel } from './support.ts';

const sent = { type: 'sent' } as const;
const failed: CallFailure = { type: 'failed', reason: 'timeout' };
const denied: CallFailure = { type: 'denied', reason: 'credentials' };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function aLane(rate?: RateState) {
  const scripted = scriptedChannel({ now: Date.now });
  if (rate !== undefined) scripted.told.rate = rate;
  const opened = vi.fn();
  return { ...scripted, opened, lane: lane(scripted.channel, 'com.example.phone', Date.now, opened) };
}

/** How long the queue is told to pause, in ms. */
async function pauseOf(call: Promise<unknown>): Promise<number> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PauseQueue)) throw new Error(`not paused: ${String(error)}`);
  return error.pauseMs;
}

const times = async (count: number, lane: Lane, answer: CallFailure | typeof sent): Promise<void> => {
  for (const _ of range(count)) await lane.call(async () => answer);
};

describe('the rate of the provider', () => {
  test('does not matter before the provider has said anything', async () => {
    expect(await aLane().lane.call(async () => sent)).toEqual(sent);
  });

  test('that is used up pauses the queue until it begins anew, without a call', async () => {
    const { lane } = aLane({ remaining: 0, resetsAt: Date.now() + 30_000 });
    const make = vi.fn(async () => sent);
    expect(await pauseOf(lane.call(make))).toBe(30_000);
    expect(make).not.toHaveBeenCalled();
    vi.advanceTimersByTime(30_000);
    expect(await lane.call(make)).toEqual(sent);
  });

  test('counts what is under way', async () => {
    const { lane } = aLane({ remaining: 2, resetsAt: Date.now() + 10_000 });
    const held = gate();
    const underWay = range(2).map(() => lane.call(() => held.opened.then(() => sent)));
    expect(await pauseOf(lane.call(async () => sent))).toBe(10_000);
    held.open();
    await Promise.all(underWay);
    expect(await lane.call(async () => sent)).toEqual(sent);
  });

  test('that is to begin anew in a year pauses for two minutes at most', async () => {
    const { lane } = aLane({ remaining: 0, resetsAt: Date.now() + 365 * 86_400_000 });
    expect(await pauseOf(lane.call(async () => sent))).toBe(120_000);
  });
});

describe('a provider that asks to wait', () => {
  test.each([
    [7_000, 7_000],
    [0, 100],
    [1e9, 120_000],
  ])('for %i ms pauses the queue for %i', async (retryAfterMs, pauseMs) => {
    const call = aLane().lane.call(
      async (): Promise<CallFailure> => ({ type: 'deferred', reason: 'rate', retryAfterMs }),
    );
    expect(await pauseOf(call)).toBe(pauseMs);
  });

  test('does not open the circuit', async () => {
    const { lane, opened } = aLane();
    const deferred: CallFailure = { type: 'deferred', reason: 'rate', retryAfterMs: 500 };
    for (const _ of range(10)) await pauseOf(lane.call(async () => deferred));
    expect(opened).not.toHaveBeenCalled();
  });
});

describe('the circuit', () => {
  test.each([failed, denied])('opens after five failures in a row: $type', async (failure) => {
    const { lane, opened } = aLane();
    await times(4, lane, failure);
    expect(opened).not.toHaveBeenCalled();
    await times(1, lane, failure);
    expect(opened).toHaveBeenCalledOnce();
    const make = vi.fn(async () => sent);
    expect(await pauseOf(lane.call(make))).toBeLessThanOrEqual(5_000);
    expect(make).not.toHaveBeenCalled();
  });

  test('stays closed while a success comes between', async () => {
    const { lane, opened } = aLane();
    for (const _ of range(5)) {
      await times(4, lane, failed);
      await times(1, lane, sent);
    }
    expect(opened).not.toHaveBeenCalled();
  });

  test('is not opened by what is about one message', async () => {
    const { lane, opened } = aLane();
    const refused = { type: 'refused', reason: 'too big', provider: {} } as const;
    for (const _ of range(10)) await lane.call(async () => refused);
    expect(opened).not.toHaveBeenCalled();
  });

  test('lets one call try within 5 s, and closes when that works', async () => {
    const { lane } = aLane();
    await times(5, lane, failed);
    vi.advanceTimersByTime(5_000);
    const trial = gate();
    const first = lane.call(() => trial.opened.then(() => sent));
    const second = vi.fn(async () => sent);
    const waiting = lane.call(second);
    await Promise.resolve();
    expect(second).not.toHaveBeenCalled();
    trial.open();
    expect(await first).toEqual(sent);
    expect(await waiting).toEqual(sent);
    await times(10, lane, sent);
  });

  test('opens again when the try fails, and is tried again', async () => {
    const { lane } = aLane();
    await times(5, lane, failed);
    for (const _ of range(3)) {
      vi.advanceTimersByTime(5_000);
      await times(1, lane, failed);
      await pauseOf(lane.call(async () => sent));
    }
    vi.advanceTimersByTime(5_000);
    expect(await lane.call(async () => sent)).toEqual(sent);
  });

  test('is one for each lane', async () => {
    const bad = aLane();
    await times(5, bad.lane, failed);
    await pauseOf(bad.lane.call(async () => sent));
    expect(await aLane().lane.call(async () => sent)).toEqual(sent);
  });
});

test('an error of a call goes to the caller, and the call is no longer counted as under way', async () => {
  const { lane } = aLane({ remaining: 1, resetsAt: Date.now() + 10_000 });
  for (const _ of range(10))
    await expect(lane.call(() => Promise.reject(new Error('cut off')))).rejects.toThrow('cut off');
  expect(await lane.call(async () => sent)).toEqual(sent);
});
