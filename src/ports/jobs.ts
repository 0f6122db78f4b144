/**
 * Queues of work. They are disposable: the log says which work is done, and a handler looks there first. A queue may
 * lose its jobs (a killed process, an emptied server), so jobs can be rebuilt from the log, and their ids make it
 * harmless to add one twice. Every connection sees the effect of every answered call, through any connection.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
 */

/** Exponential: `baseMs · 2^(attempt−1)`, at most `capMs`, minus a random part of up to one half (jitter). */
export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

export interface NewJob<D> {
  /** Letters, digits and `-`; not a number as text. */
  readonly id: string;
  /** Letters, digits, `-`, `_` and `.`. */
  readonly queue: string;
  /** JSON. */
  readonly data: D;
  /** ms from now before which the job does not run. */
  readonly delayMs?: number;
  /** Number of failed runs after which the job becomes a dead letter. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

export interface Job<D> {
  readonly id: string;
  readonly queue: string;
  readonly data: D;
  /** 1 on the first run. A run after which the job was put back, or whose process was killed, does not count. */
  readonly attempt: number;
  readonly attempts: number;
}

export interface DeadLetter<D> extends Omit<Job<D>, 'attempt'> {
  readonly reason: string;
  /** ms since 1970. */
  readonly diedAt: number;
}

/**
 * Thrown by a handler whose attempt failed. The job runs again after the backoff, but at most `notAfterMs` ms from now.
 */
export class RetryJob extends Error {
  override readonly name = 'RetryJob';
  readonly notAfterMs: number | undefined;
  constructor(message: string, notAfterMs?: number) {
    super(message);
    this.notAfterMs = notAfterMs;
  }
}

/**
 * Thrown by a handler that can't do the job now. The job goes back to its queue and loses no attempt; the consumer
 * takes no job of that queue for `pauseMs`. With 0 the consumer does not pause, and the job goes to the end of the
 * queue, so that the other jobs run first. Other consumers of the queue may pause as well or go on, even with that job:
 * if no consumer may go on, the handlers have to learn that by other means.
 */
export class PauseQueue extends Error {
  override readonly name = 'PauseQueue';
  readonly pauseMs: number;
  constructor(message: string, pauseMs: number) {
    super(message);
    this.pauseMs = pauseMs;
  }
}

/** Thrown by a handler if another try would be useless. The job becomes a dead letter at once. */
export class DeadJob extends Error {
  override readonly name = 'DeadJob';
}

export interface ConsumeOptions<D> {
  /** The consumer serves every queue whose name begins with this, also queues that other processes create later. */
  readonly queuePrefix: string;
  /** Handlers that may run at once, for each queue. So a queue whose handlers hang holds up no other. */
  readonly concurrency: number;
  /**
   * When it resolves, the job is done and forgotten. It may throw the three errors above; any other counts as RetryJob.
   */
  readonly handler: (job: Job<D>, signal: AbortSignal) => Promise<void>;
  /** Called after each failed run, for logs. */
  readonly onError?: (error: unknown, job: Job<D> | undefined) => void;
}

export interface Consumer {
  /**
   * Takes no more jobs and waits for the running ones; after `graceMs` their signal aborts. A second later it stops
   * waiting for handlers and for the store. A job that has not ended by then runs again, here or elsewhere.
   */
  close(graceMs: number): Promise<void>;
}

export interface QueueCounts {
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  readonly dead: number;
}

export interface Jobs {
  /**
   * Adds jobs. If a process is killed, jobs before the end of their first run may be lost; retries and dead letters
   * survive. An id that its queue still has (waiting, delayed, active, dead) is skipped, so a call that ended in
   * StoreUnavailable can be repeated, and jobs can be added again from the log at any time.
   */
  add<D>(jobs: readonly NewJob<D>[]): Promise<void>;

  /**
   * Starts taking jobs, oldest first. Each job is handled by one consumer at a time, and at least once. A job whose
   * consumer was killed runs again and loses no attempt. The consumer gets notices of new jobs, and also looks for
   * queues and jobs now and then in case it missed one. While the store is away it takes no jobs; when the store is
   * back it goes on by itself, and stores the results of jobs that ran meanwhile. Delays and pauses are durations:
   * setting the clock does not change them.
   */
  consume<D>(options: ConsumeOptions<D>): Consumer;

  /** Names of the queues that hold a job in any state. */
  queues(): Promise<readonly string[]>;

  counts(queue: string): Promise<QueueCounts>;

  /**
   * Returns dead letters, oldest first; those of the same millisecond are ordered by id.
   * @param after the dead letter after which the page begins; it need not exist any more
   */
  deadLetters<D>(
    queue: string,
    limit: number,
    after?: Pick<DeadLetter<unknown>, 'diedAt' | 'id'>,
  ): Promise<readonly DeadLetter<D>[]>;

  /**
   * Lets a dead letter run again, with all its attempts.
   * @returns false if no dead letter has that id. An earlier call that seemed to fail may have taken effect
   */
  redrive(queue: string, id: string): Promise<boolean>;

  /** Forgets a dead letter; its id can be added again. @returns as `redrive` */
  discard(queue: string, id: string): Promise<boolean>;
}
