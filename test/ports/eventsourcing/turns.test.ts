import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StreamName } from '../../../src/domain/streams.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import { inTurn } from '../../../src/ports/eventsourcing/turns.ts';

const aLog = () => ({}) as EventLog;
const [one, other] = ['registration-1/p', 'registration-2/p'] as StreamName[] as [StreamName, StreamName];

/** Work that notes when it begins, and ends when the test says. */
function piece(started: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  return {
    work: () => {
      started.push(name);
      return promise;
    },
    end: () => resolve(name),
    fail: () => reject(new Error(name)),
  };
}

describe('commands on a stream', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('take turns in the order they came, also after one that failed', async () => {
    const [log, started] = [aLog(), [] as string[]];
    const [a, b, c] = [piece(started, 'a'), piece(started, 'b'), piece(started, 'c')];
    const results = [a, b, c].map(({ work }) =>
      inTurn(log, one, work).catch(({ message }: Error) => `failed ${message}`),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toEqual(['a']);
    a.fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toEqual(['a', 'b']);
    b.end();
    c.end();
    expect(await Promise.all(results)).toEqual(['failed a', 'b', 'c']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('wait for no other stream, and for no other log', async () => {
    const [log, started] = [aLog(), [] as string[]];
    const pieces = ['a', 'b', 'c'].map((name) => piece(started, name));
    const places = [
      [log, one],
      [log, other],
      [aLog(), one],
    ] as const;
    const results = pieces.map(({ work }, n) => inTurn(...(places[n] as (typeof places)[0]), work));
    await vi.advanceTimersByTimeAsync(0);
    expect(started).toEqual(['a', 'b', 'c']);
    for (const { end } of pieces) end();
    await Promise.all(results);
  });

  test('go ahead after a second: the waits behind a store that is away do not add up', async () => {
    const [log, started] = [aLog(), [] as string[]];
    const pieces = Array.from({ length: 5 }, (_, n) => piece(started, `${n}`));
    const results = pieces.map(({ work }) => inTurn(log, one, work));
    await vi.advanceTimersByTimeAsync(999);
    expect(started).toEqual(['0']);
    await vi.advanceTimersByTimeAsync(1);
    expect(started).toEqual(['0', '1', '2', '3', '4']);
    for (const { end } of pieces) end();
    await Promise.all(results);
  });
});
