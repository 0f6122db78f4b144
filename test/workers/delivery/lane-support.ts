/** A lane in front of a scripted channel, on a clock that the test moves. */
import { afterEach, beforeEach, vi } from 'vitest';
import { PauseQueue } from '../../../src/ports/jobs.ts';
import type { CallFailure, KeyResult, RateState, SendResult } from '../../../src/workers/channels/channel.ts';
import { type Lane, lane } from '../../../src/workers/delivery/lane.ts';
import { range } from '../../contract/support.ts';
import { scriptedChannel } from '../support.ts';

export const sent = { type: 'sent' } as const;
export const failed: CallFailure = { type: 'failed', reason: 'timeout' };
export const denied: CallFailure = { type: 'denied', reason: 'credentials' };
export const unreadable: SendResult = { type: 'unreadable', reason: 'HTTP 200', provider: {} };

/** For all tests of a file: time stands still until `vi.advanceTimersByTime`. */
export function useStandingClock(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
}

export function aLane(rate?: RateState) {
  const scripted = scriptedChannel({ now: Date.now });
  if (rate !== undefined) scripted.told.rate = rate;
  const [opened, closed, waits] = [vi.fn(), vi.fn(), vi.fn()];
  return {
    ...scripted,
    opened,
    closed,
    waits,
    lane: lane(scripted.channel, 'com.example.phone', { onOpen: opened, onClose: closed, onWait: waits }),
  };
}

/** The call of a job that has its key already. */
export async function call(lane: Lane, make: () => Promise<SendResult>, insists = false): Promise<SendResult> {
  const turn = await lane.enter(insists);
  if (turn.type === 'waited') return call(lane, make, insists);
  if (turn.type === 'denied') return turn;
  try {
    return await turn.send(make);
  } finally {
    turn.leave();
  }
}

/** The calls of a job that has none. */
export async function reserve(lane: Lane, result: KeyResult): Promise<KeyResult> {
  const turn = await lane.enter(false);
  if (turn.type !== 'turn') throw new Error(`no turn: ${turn.type}`);
  try {
    return await turn.reserve(async () => result);
  } finally {
    turn.leave();
  }
}

/** How long the queue has to pause, in ms. */
export async function pauseOf(call: Promise<unknown>): Promise<number> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PauseQueue)) throw new Error(`not paused: ${String(error)}`);
  return error.pauseMs;
}

export const times = async (count: number, lane: Lane, answer: SendResult): Promise<void> => {
  for (const _ of range(count)) await call(lane, async () => answer);
};
