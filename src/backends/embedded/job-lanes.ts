/**
 * A consumer's view of each of its queues: how many jobs it may take now, and when to look again. Times are monotonic.
 */
import type { TakeReply } from './protocol.ts';

export interface Lane {
  readonly queue: string;
  /** Handlers that are running. */
  running: number;
  /** Results that are not stored yet. */
  storing: number;
  pausedUntil: number;
  wakeAt: number;
  timer: NodeJS.Timeout | undefined;
}

export interface Want {
  readonly queue: string;
  readonly limit: number;
}

export interface Lanes {
  lane(queue: string): Lane;
  /** Marks the queues as having, perhaps, jobs to take. */
  touch(queues: readonly string[]): void;
  /** Returns how many jobs to take of each queue now. The caller must take them and report to `took`. */
  wants(): readonly Want[];
  /** Records the store's answer to these wants. */
  took(wants: readonly Want[], reply: TakeReply): void;
  pause(lane: Lane, ms: number): void;
  close(): void;
}

/** The longest delay, in ms, that a timer of Node can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @param concurrency handlers at once, for each queue @param wake called when a queue should be looked at again */
export function lanes(concurrency: number, wake: () => void): Lanes {
  const all = new Map<string, Lane>();
  /** Lanes that may have jobs to take. Most are empty most of the time, so the others are not looked at. */
  const ready = new Set<Lane>();
  let closed = false;

  const laneOf = (queue: string): Lane => {
    const known = all.get(queue);
    if (known !== undefined) return known;
    const never = Number.NEGATIVE_INFINITY;
    const lane: Lane = {
      queue,
      running: 0,
      storing: 0,
      pausedUntil: never,
      wakeAt: Number.POSITIVE_INFINITY,
      timer: undefined,
    };
    all.set(queue, lane);
    return lane;
  };

  /** Sets the timer of a lane. The earliest time wins: the look at that time learns of later ones. */
  const wakeIn = (lane: Lane, ms: number): void => {
    const at = performance.now() + ms;
    if (closed || (lane.timer !== undefined && lane.wakeAt <= at)) return;
    clearTimeout(lane.timer);
    lane.wakeAt = at;
    lane.timer = setTimeout(
      () => {
        lane.timer = undefined;
        ready.add(lane);
        wake();
      },
      Math.min(Math.max(0, ms), MAX_TIMER_MS),
    );
  };

  return {
    lane: laneOf,
    touch: (queues) => {
      for (const queue of queues) ready.add(laneOf(queue));
    },
    wants() {
      const wants: Want[] = [];
      for (const lane of ready) {
        const pauseMs = lane.pausedUntil - performance.now();
        if (pauseMs > 0) {
          ready.delete(lane);
          wakeIn(lane, pauseMs);
          continue;
        }
        const limit = concurrency - lane.running;
        if (limit <= 0 || lane.storing > concurrency) continue;
        ready.delete(lane);
        wants.push({ queue: lane.queue, limit });
      }
      return wants;
    },
    took(wants, { jobs, nextInMs }) {
      const counts = Map.groupBy(jobs, ({ queue }) => queue);
      for (const { queue, limit } of wants) if (counts.get(queue)?.length === limit) ready.add(laneOf(queue));
      for (const [queue, ms] of nextInMs) wakeIn(laneOf(queue), ms);
    },
    pause(lane, ms) {
      if (ms > 0) lane.pausedUntil = Math.max(lane.pausedUntil, performance.now() + ms);
    },
    close() {
      closed = true;
      for (const { timer } of all.values()) clearTimeout(timer);
    },
  };
}
