/**
 * Queues of work. They are disposable: the log says what is done and what is not, and a handler looks there first. A queue
 * may lose what it holds (a killed process, an emptied server), so the jobs are rebuilt from the log, by ids that make adding
 * twice harmless. Every connection sees what a call has answered, whichever connection made it.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
 */

/** Exponential: `baseMs · 2^(attempt−1)`, `capMs` at most, with jitter (a random half of it is taken off). */
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
  /** Not before this many ms from now. */
  readonly delayMs?: number;
  /** How often it may fail before it is a dead letter. */
  readonly attempts: number;
  readonly backoff: Backoff;
}

export interface Job<D> {
  readonly id: string;
  readonly queue: string;
  readonly data: D;
  /** 1 on the first run; runs that a killed process left behind, and put-backs, do not count. */
  readonly attempt: number;
  readonly attempts: number;
}

export interface DeadLetter<D> extends Omit<Job<D>, 'attempt'> {
  readonly reason: string;
  /** ms since 1970. */
  readonly diedAt: number;
}

/** Thrown by a handler: this attempt failed; again after the backoff, but not later than `notAfterMs` from now. */
export class RetryJob extends Error {
  override readonly name = 'RetryJob';
  readonly notAfterMs: number | undefined;
  constructor(message: string, notAfterMs?: number) {
    super(message);
    this.notAfterMs = notAfterMs;
  }
}

/**
 * Thrown by a handler: not now. The job goes back and costs no attempt; the consumer takes no other job of that queue for
 * `pauseMs`. With 0 nobody pauses, and the job goes to the end of its queue, so that the others have their turn first. Other
 * consumers of the queue may pause along with this one or go on, with that job too: if nobody may go on anywhere, the
 * handlers have to know that by other means.
 */
export class PauseQueue extends Error {
  override readonly name = 'PauseQueue';
  readonly pauseMs: number;
  constructor(message: string, pauseMs: number) {
    super(message);
    this.pauseMs = pauseMs;
  }
}

/** Thrown by a handler: no use in trying again. The job is a dead letter at once. */
export class DeadJob extends Error {
  override readonly name = 'DeadJob';
}

export interface ConsumeOptions<D> {
  /** The consumer serves every queue whose name begins with this, whoever adds to it and whenever it comes into being. */
  readonly queuePrefix: string;
  /** Handlers that run at once, for each queue: a queue whose handlers hang holds up no other. */
  readonly concurrency: number;
  /** Resolves: done, the job is forgotten. Throws one of the three above, or anything else, which counts as RetryJob. */
  readonly handler: (job: Job<D>, signal: AbortSignal) => Promise<void>;
  /** Called after each failed run, for logs. */
  readonly onError?: (error: unknown, job: Job<D> | undefined) => void;
}

export interface Consumer {
  /**
   * Takes no more jobs and waits for the running ones; after `graceMs` their signal aborts. A handler that has not ended a
   * second later is not waited for any longer, nor is a store that does not answer; its job runs again, here or elsewhere.
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
   * As durable as the queue: jobs that wait for their first run, or are in it, may be gone when a process is killed. Retries
   * and dead letters outlive it. An id that its queue still knows (waiting, delayed, active, dead) is passed over, so a call that
   * ended in StoreUnavailable can be repeated, and jobs can be added again from the log at any time.
   */
  add<D>(jobs: readonly NewJob<D>[]): Promise<void>;

  /**
   * Starts taking jobs, oldest first; each is handled by one consumer at a time, and at least once. A job whose consumer was
   * killed runs again and has lost no attempt. The consumer hears of new jobs, and looks for queues and jobs now and then in
   * case it did not. While the store is away it takes none, and goes on by itself when the store is back; results of jobs
   * that ran meanwhile are stored then. Delays and pauses are durations: setting the clock changes none of them.
   */
  consume<D>(options: ConsumeOptions<D>): Consumer;

  /** Names of the queues that hold a job in any state. */
  queues(): Promise<readonly string[]>;

  counts(queue: string): Promise<QueueCounts>;

  /**
   * Dead letters, oldest first; those of one millisecond in the order of their ids.
   * @param after goes on after this one, which may be gone by now
   */
  deadLetters<D>(
    queue: string,
    limit: number,
    after?: Pick<DeadLetter<unknown>, 'diedAt' | 'id'>,
  ): Promise<readonly DeadLetter<D>[]>;

  /**
   * Lets a dead letter run again, from its first attempt.
   * @returns false if there is none of that id (any more): an earlier call that seemed to fail may have taken effect
   */
  redrive(queue: string, id: string): Promise<boolean>;

  /** Forgets a dead letter; its id can be added again. @returns as `redrive` */
  discard(queue: string, id: string): Promise<boolean>;
}
