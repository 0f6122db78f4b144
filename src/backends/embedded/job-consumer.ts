/**
 * Takes jobs of many queues, runs their handlers and stores the results. It wakes up on the writer's notices, at due
 * times, and every few seconds in case it missed a notice.
 */
import { randomUUID } from 'node:crypto';
import { StoreUnavailable } from '../../ports/errors.ts';
import { backoffMs } from '../../ports/eventsourcing/backoff.ts';
import { type ConsumeOptions, type Consumer, DeadJob, type Job, PauseQueue, RetryJob } from '../../ports/jobs.ts';
import type { Link } from './connection/link.ts';
import { type Lane, lanes, type Want } from './job-lanes.ts';
import type { Op, TakenJob, TakeReply } from './protocol.ts';

export interface QueueSignals {
  /** Calls the listener with queues that may have a job to take, until the returned function is called. */
  onTouched(listener: (queues: readonly string[]) => void): () => void;
}

/** Pause, in ms, after the store failed to hand out jobs or to store a result. */
const STORE_RETRY_MS = 500;
/** How often, in ms, the consumer looks for queues and jobs of which it got no notice. */
const LOOK_EVERY_MS = 2_000;
/** Time, in ms, that a handler gets after its signal has aborted. Then its job is left for another run. */
const AFTER_CUT_MS = 1_000;

export function jobConsumer<D>(link: Link, signals: QueueSignals, options: ConsumeOptions<D>): Consumer {
  const { queuePrefix, concurrency, handler } = options;
  const taker = randomUUID();
  const running = new Set<Promise<void>>();
  /** Results that are not stored yet. */
  const storing = new Set<Promise<void>>();
  const cut = new AbortController();
  let closed = false;
  let taking: Promise<void> | undefined;
  let retryTimer: NodeJS.Timeout | undefined;
  let looking = false;

  const take = (): void => {
    if (closed || taking !== undefined || retryTimer !== undefined) return;
    const wants = served.wants();
    if (wants.length === 0) return;
    taking = link.sendAndWait<TakeReply>({ kind: 'takeJobs', taker, wants }).then(
      (reply) => {
        taking = undefined;
        for (const job of reply.jobs) start(job);
        served.took(wants, reply);
        take();
      },
      (error: unknown) => storeAway(wants, error),
    );
  };
  const served = lanes(concurrency, take);

  const storeAway = (wants: readonly Want[], error: unknown): void => {
    taking = undefined;
    if (closed || link.signal.aborted) return;
    served.touch(wants.map(({ queue }) => queue));
    options.onError?.(error, undefined);
    retryTimer = setTimeout(() => {
      retryTimer = undefined;
      take();
    }, STORE_RETRY_MS);
  };

  const touch = (queues: readonly string[]): void => {
    served.touch(queues.filter((queue) => queue.startsWith(queuePrefix)));
    take();
  };

  const look = async (): Promise<void> => {
    if (looking || closed) return;
    looking = true;
    try {
      touch(await link.sendAndWait<readonly string[]>({ kind: 'listQueues', prefix: queuePrefix }));
    } catch {
      // The store is away. The next look finds the same queues.
    } finally {
      looking = false;
    }
  };

  const start = (taken: TakenJob): void => {
    const lane = served.lane(taken.queue);
    lane.running += 1;
    const run = handle(lane, taken).finally(() => {
      running.delete(run);
      lane.running -= 1;
      take();
    });
    running.add(run);
  };

  const handle = async (lane: Lane, taken: TakenJob): Promise<void> => {
    const job = jobOf<D>(taken);
    let result: Op;
    try {
      if (closed) result = release(job, 'place');
      else {
        await handler(job, cut.signal);
        result = { kind: 'finishJob', queue: job.queue, id: job.id };
      }
    } catch (error) {
      options.onError?.(error, job);
      result = cut.signal.aborted ? release(job, 'place') : failed(lane, error, taken);
    }
    // The next job is taken while this result is stored: no handler waits for the commit of another job.
    lane.storing += 1;
    const stored = store(result).finally(() => {
      storing.delete(stored);
      lane.storing -= 1;
      take();
    });
    storing.add(stored);
  };

  const failed = (lane: Lane, error: unknown, job: TakenJob): Op => {
    const { queue, id } = job;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof PauseQueue) {
      served.pause(lane, error.pauseMs);
      return release(job, error.pauseMs > 0 ? 'place' : 'end');
    }
    if (error instanceof DeadJob || job.failures + 1 >= job.attempts)
      return { kind: 'buryJob', queue, id, reason, diedAt: Date.now() };
    const notAfterMs = error instanceof RetryJob ? error.notAfterMs : undefined;
    const delayMs = Math.min(backoffMs(job, job.failures), Math.max(0, notAfterMs ?? Number.POSITIVE_INFINITY));
    return { kind: 'retryJob', queue, id, delayMs };
  };

  /** Tries until the store takes the result: a handled job must not run again because its result was lost. */
  const store = async (result: Op): Promise<void> => {
    for (;;) {
      try {
        await link.sendAndWait(result);
        return;
      } catch (error) {
        if (link.signal.aborted || !(error instanceof StoreUnavailable)) return;
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      }
    }
  };

  const stopListening = signals.onTouched(touch);
  const looks = setInterval(() => void look(), LOOK_EVERY_MS);
  void look();

  return {
    async close(graceMs) {
      closed = true;
      stopListening();
      clearInterval(looks);
      clearTimeout(retryTimer);
      served.close();
      const idle = Promise.resolve(taking)
        .then(() => Promise.all(running))
        .then(() => Promise.all(storing));
      if (await within(idle, graceMs)) return;
      cut.abort(new Error('the consumer is closing'));
      await within(idle, AFTER_CUT_MS);
    },
  };
}

function release({ queue, id }: Pick<TakenJob, 'queue' | 'id'>, to: 'place' | 'end'): Op {
  return { kind: 'releaseJob', queue, id, to };
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function jobOf<D>(taken: TakenJob): Job<D> {
  const { id, queue, attempts, failures } = taken;
  return { id, queue, attempts, attempt: failures + 1, data: JSON.parse(taken.data) as D };
}
