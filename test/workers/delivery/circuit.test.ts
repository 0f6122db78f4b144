/** Which jobs of a lane may call a provider that fails or refuses us. */
import { describe, expect, test, vi } from 'vitest';
import { PauseQueue } from '../../../src/ports/jobs.ts';
import type { CallFailure, KeyResult } from '../../../src/workers/channels/channel.ts';
import { gate, range } from '../../contract/support.ts';
import {
  aLane,
  call,
  denied,
  failed,
  pauseOf,
  reserve,
  sent,
  times,
  unreadable,
  useStandingClock,
} from './lane-support.ts';

useStandingClock();

describe('the circuit', () => {
  test.each([failed, unreadable])('opens after five failures in a row: $type', async (failure) => {
    const { lane, opened } = aLane();
    await times(4, lane, failure);
    expect(opened).not.toHaveBeenCalled();
    await times(1, lane, failure);
    expect(opened).toHaveBeenCalledOnce();
    const make = vi.fn(async () => sent);
    expect(await pauseOf(call(lane, make))).toBe(2_000);
    vi.advanceTimersByTime(1_500);
    expect(await pauseOf(call(lane, make))).toBe(500);
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

  test('is not opened by a failure of one message', async () => {
    const { lane, opened } = aLane();
    const refused = { type: 'refused', reason: 'too big', provider: {} } as const;
    for (const _ of range(10)) await call(lane, async () => refused);
    expect(opened).not.toHaveBeenCalled();
  });

  test('lets one call try within 5 s, and closes when that works', async () => {
    const { lane } = aLane();
    await times(5, lane, failed);
    vi.advanceTimersByTime(5_000);
    const trial = gate();
    const first = call(lane, () => trial.opened.then(() => sent));
    const second = vi.fn(async () => sent);
    const waiting = call(lane, second);
    await Promise.resolve();
    expect(second).not.toHaveBeenCalled();
    trial.open();
    expect(await first).toEqual(sent);
    expect(await waiting).toEqual(sent);
    await times(10, lane, sent);
  });

  test('opens again when the try fails, and is tried again', async () => {
    const { lane, opened } = aLane();
    await times(5, lane, failed);
    for (const _ of range(3)) {
      vi.advanceTimersByTime(5_000);
      await times(1, lane, failed);
      await pauseOf(call(lane, async () => sent));
    }
    vi.advanceTimersByTime(5_000);
    expect(await call(lane, async () => sent)).toEqual(sent);
    expect(opened).toHaveBeenCalledOnce();
  });

  test('lets another one try when the first ends without an answer, but not while it is under way', async () => {
    const { lane } = aLane();
    await times(5, lane, failed);
    vi.advanceTimersByTime(2_000);
    const trial = gate();
    const cutOff = expect(
      call(lane, () => trial.opened.then(() => Promise.reject(new Error('cut off')))),
    ).rejects.toThrow('cut off');
    const make = vi.fn(async () => failed);
    const others = range(10).map(() => call(lane, make).catch((error: unknown) => error));
    trial.open();
    await cutOff;
    const results = await Promise.all(others);
    expect(make).toHaveBeenCalledOnce();
    expect(results.filter((result) => result instanceof PauseQueue)).toHaveLength(9);
  });

  test('closes when a call from before it opened works after all', async () => {
    const { lane } = aLane();
    const slow = gate();
    const early = call(lane, () => slow.opened.then(() => sent));
    await times(5, lane, failed);
    slow.open();
    await early;
    await times(4, lane, failed);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });

  test('is not kept open by failures from before it opened', async () => {
    const { lane } = aLane();
    const slow = gate();
    const early = call(lane, () => slow.opened.then(() => failed));
    await times(5, lane, failed);
    vi.advanceTimersByTime(1_900);
    slow.open();
    await early;
    vi.advanceTimersByTime(100);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });

  test('is one for each lane', async () => {
    const bad = aLane();
    await times(5, bad.lane, failed);
    await pauseOf(call(bad.lane, async () => sent));
    expect(await call(aLane().lane, async () => sent)).toEqual(sent);
  });
});

describe('a key that is there', () => {
  const reserved: KeyResult = { type: 'reserved', key: 'k', validUntil: Number.MAX_SAFE_INTEGER };

  test('does not show that the provider is well', async () => {
    const { lane, opened } = aLane();
    for (const _ of range(5)) {
      expect(await reserve(lane, reserved)).toEqual(reserved);
      await times(1, lane, failed);
    }
    expect(opened).toHaveBeenCalledOnce();
    await pauseOf(reserve(lane, reserved));
  });

  test('does not close the circuit: the call that it is for does, or opens it again', async () => {
    const { lane } = aLane();
    await times(5, lane, failed);
    vi.advanceTimersByTime(2_000);
    await reserve(lane, reserved);
    await times(1, lane, failed);
    await pauseOf(call(lane, async () => sent));
    vi.advanceTimersByTime(2_000);
    const turn = await lane.enter(false);
    if (turn.type !== 'turn') throw new Error('no turn');
    await turn.reserve(async () => reserved);
    const other = vi.fn(async () => sent);
    const waiting = call(lane, other);
    await Promise.resolve();
    expect(other).not.toHaveBeenCalled();
    await turn.send(async () => sent);
    turn.leave();
    expect(await waiting).toEqual(sent);
  });
});

describe('a key that is not there', () => {
  test('counts as one failure for all jobs that waited for the same answer', async () => {
    const { lane, opened } = aLane();
    const answer: KeyResult = { type: 'failed', reason: 'no cid' };
    for (const _ of range(20)) await reserve(lane, answer);
    await times(3, lane, failed);
    expect(opened).not.toHaveBeenCalled();
    await reserve(lane, { ...answer });
    expect(opened).toHaveBeenCalledOnce();
  });
});

describe('a provider that refuses us', () => {
  /** A lane whose circuit is open because of it. */
  async function refused() {
    const rig = aLane();
    await times(5, rig.lane, denied);
    return rig;
  }
  const again: CallFailure = { type: 'denied', reason: 'still' };

  test('is not asked by waiting jobs: they take its refusal, but one of them asks every 2 s', async () => {
    const { lane, opened } = await refused();
    expect(opened).toHaveBeenCalledOnce();
    const make = vi.fn(async () => again);
    for (const _ of range(50)) expect(await call(lane, make)).toEqual(denied);
    expect(make).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2_000);
    expect(await Promise.all(range(50).map(() => call(lane, make)))).toEqual(range(50).map(() => again));
    expect(make).toHaveBeenCalledOnce();
  });

  test('and no longer does: the job that asks finds out for all', async () => {
    const { lane } = await refused();
    vi.advanceTimersByTime(2_000);
    const make = vi.fn(async () => sent);
    expect(await Promise.all(range(10).map(() => call(lane, make)))).toEqual(range(10).map(() => sent));
    expect(make).toHaveBeenCalledTimes(10);
  });

  test('is asked at once by a job that insists; others that insist share the answer', async () => {
    const { lane } = await refused();
    const make = vi.fn(async () => again);
    const insisting = range(10).map(() => call(lane, make, true));
    expect(await Promise.all(insisting)).toEqual(range(10).map(() => again));
    expect(make).toHaveBeenCalledOnce();
    expect(await call(lane, async () => sent, true)).toEqual(sent);
    expect(await call(lane, async () => sent)).toEqual(sent);
  });

  test('has to do so five times in a row: until then, and after any other answer, they wait', async () => {
    const { lane } = aLane();
    for (const answer of [failed, failed, failed, failed, denied]) await times(1, lane, answer);
    const probe = async (answer: CallFailure): Promise<void> => {
      vi.advanceTimersByTime(2_000);
      await times(1, lane, answer);
    };
    for (const _ of range(3)) {
      await probe(denied);
      await pauseOf(call(lane, async () => sent));
    }
    await probe(denied);
    expect(await call(lane, async () => sent)).toEqual(denied);
    await probe(failed);
    await pauseOf(call(lane, async () => sent));
    await pauseOf(call(lane, async () => sent, true));
  });
});
