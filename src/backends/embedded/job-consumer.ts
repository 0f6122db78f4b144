/** Takes jobs of one queue, runs their handlers, settles them. Woken by the writer's notices and by the next due time. */
import { StoreUnavailable } from '../../ports/errors.ts';
import { type ConsumeOptions, type Consumer, DeadJob, type Job, PauseQueue, RetryJob } from '../../ports/jobs.ts';
import type { Link } from './connection/link.ts';
import type { Op, TakenJob, TakeReply } from './protocol.ts';

export interface QueueSignals {
  /** Calls back whenever the queue may have something to take, until told to stop. */
  onTouched(queue: string, listener: () => void): () => void;
}

/** How long to wait after the store refused to hand out or settle jobs. */
const STORE_RETRY_MS = 500;
/** What a handler has to end in once its signal has aborted; what does not is left to be taken again. */
const AFTER_CUT_MS = 1_000;
/** Timers hold no more than this. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function jobConsumer<D>(link: Link, signals: QueueSignals, options: ConsumeOptions<D>): Consumer {
  const { queue, concurrency, handler } = options;
  const running = new Set<Promise<void>>();
  const unsettled = new Set<Promise<void>>();
  const cut = new AbortController();
  let closed = false;
  let taking: Promise<void> | undefined;
  let again = false;
  let pausedUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const wakeAt = (at: number): void => {
    if (closed) return;
    if (timer !== undefined) clearTimeout(timer);
    timer = setTimeout(take, Math.min(Math.max(0, at - Date.now()), MAX_TIMER_MS));
  };

  const take = (): void => {
    if (closed) return;
    if (taking !== undefined) {
      again = true;
      return;
    }
    const now = Date.now();
    if (now < pausedUntil) {
      wakeAt(pausedUntil);
      return;
    }
    const limit = concurrency - running.size;
    if (limit <= 0 || unsettled.size > concurrency) return;
    taking = link.sendAndWait<TakeReply>({ kind: 'takeJobs', queue, limit, now }).then(taken, storeAway);
  };

  const taken = ({ jobs, nextAt }: TakeReply): void => {
    taking = undefined;
    for (const job of jobs) start(job);
    if (nextAt !== undefined) wakeAt(nextAt);
    if (again) {
      again = false;
      take();
    }
  };

  const storeAway = (error: unknown): void => {
    taking = undefined;
    again = false;
    if (closed || link.signal.aborted) return;
    options.onError?.(error, undefined);
    wakeAt(Date.now() + STORE_RETRY_MS);
  };

  const start = (taken: TakenJob): void => {
    const run = handle(taken).finally(() => {
      running.delete(run);
      take();
    });
    running.add(run);
  };

  const handle = async (taken: TakenJob): Promise<void> => {
    const job = jobOf<D>(taken);
    let outcome: Op;
    try {
      if (closed) outcome = { kind: 'releaseJob', queue, id: job.id };
      else {
        await handler(job, cut.signal);
        outcome = { kind: 'finishJob', queue, id: job.id };
      }
    } catch (error) {
      options.onError?.(error, job);
      outcome = cut.signal.aborted ? { kind: 'releaseJob', queue, id: job.id } : failed(error, taken);
    }
    // The next job is taken along with this note; nobody waits for its commit.
    const settled = settle(outcome).finally(() => {
      unsettled.delete(settled);
      take();
    });
    unsettled.add(settled);
  };

  const failed = (error: unknown, job: TakenJob): Op => {
    const now = Date.now();
    const { id } = job;
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof PauseQueue) {
      pausedUntil = Math.max(pausedUntil, now + error.pauseMs);
      return { kind: 'releaseJob', queue, id };
    }
    if (error instanceof DeadJob || job.failures + 1 >= job.attempts)
      return { kind: 'buryJob', queue, id, reason, now };
    const notAfterMs =
      error instanceof RetryJob ? (error.notAfterMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    return { kind: 'retryJob', queue, id, runAt: now + Math.round(Math.min(backoff(job), Math.max(0, notAfterMs))) };
  };

  /** Until the store takes it: a job that was handled is not to be handled again for want of a note. */
  const settle = async (op: Op): Promise<void> => {
    for (;;) {
      try {
        await link.sendAndWait(op);
        return;
      } catch (error) {
        if (link.signal.aborted || !(error instanceof StoreUnavailable)) return;
        await new Promise((resolve) => setTimeout(resolve, STORE_RETRY_MS));
      }
    }
  };

  const stopHearing = signals.onTouched(queue, take);
  take();

  return {
    async close(graceMs) {
      closed = true;
      stopHearing();
      clearTimeout(timer);
      const idle = Promise.resolve(taking)
        .then(() => Promise.all(running))
        .then(() => Promise.all(unsettled));
      if (await within(idle, graceMs)) return;
      cut.abort(new Error('the consumer is closing'));
      await within(idle, AFTER_CUT_MS);
    },
  };
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
  const { id, queue, attempts, redrives, failures } = taken;
  return { id, queue, attempts, redrives, attempt: failures + 1, data: JSON.parse(taken.data) as D };
}

/** Exponential, capped, with a random half taken off. */
function backoff({ baseMs, capMs, failures }: TakenJob): number {
  const full = Math.min(capMs, baseMs * 2 ** failures);
  return full / 2 + (Math.random() * full) / 2;
}
