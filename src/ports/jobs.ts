/**
 * Queues of work. Disposable: what is done or not done is told by the log, a handler re-checks it first. Every connection
 * sees what a call has answered, whoever made it. @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`), reads too
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
  /** How often it was redriven from the dead letters. */
  readonly redrives: number;
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
 * Thrown by a handler: not now. The job goes back and costs no attempt; the consumer takes no other job for `pauseMs`.
 * With 0 it makes way for others and goes on in its turn. Other consumers of the queue may pause along with it or go on,
 * with that job too: who must not go on anywhere has to know that by other means.
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
  readonly queue: string;
  /** Handlers that run at once. */
  readonly concurrency: number;
  /** Resolves: done, the job is forgotten. Throws one of the three above, or anything else, which counts as RetryJob. */
  readonly handler: (job: Job<D>, signal: AbortSignal) => Promise<void>;
  /** Told of each failed run, for logs. */
  readonly onError?: (error: unknown, job: Job<D> | undefined) => void;
}

export interface Consumer {
  /**
   * Takes no more jobs and waits for the running ones; after `graceMs` their signal aborts. What does not end within a
   * second even then is waited for no longer; it is taken again after a restart. Nor is a store that does not answer.
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
   * Durable on return. An id that its queue still knows (waiting, delayed, active, dead) is passed over, so what ended in
   * StoreUnavailable is added again.
   */
  add<D>(jobs: readonly NewJob<D>[]): Promise<void>;

  /**
   * Starts taking jobs, oldest first; each is handled by one consumer at a time, and at least once. While the store is away
   * it takes none, and goes on by itself when the store is back; what came of a job that ran meanwhile is noted then.
   */
  consume<D>(options: ConsumeOptions<D>): Consumer;

  /** Names of the queues that hold a job in any state. */
  queues(): Promise<readonly string[]>;

  counts(queue: string): Promise<QueueCounts>;

  /** Dead letters, oldest first. */
  deadLetters<D>(queue: string, limit: number): Promise<readonly DeadLetter<D>[]>;

  /**
   * Lets a dead letter run again, from its first attempt.
   * @returns false if there is none of that id, or not any more: an earlier try may have been heard
   */
  redrive(queue: string, id: string): Promise<boolean>;
}
