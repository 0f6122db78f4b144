/** The jobs of one queue that are in memory: the waiting ones, in order, and the running ones. */
import type { PlacedJob } from './job-rows.ts';

export interface HeldJob extends PlacedJob {
  /** Whether the job is in the table as well. */
  readonly hasRow: boolean;
}

/** The place of a job in its queue: by due time, then by number. */
export type Place = Pick<PlacedJob, 'runAt' | 'seq'>;

export interface JobQueue {
  /** All jobs in memory, waiting or running. */
  readonly held: ReadonlyMap<string, HeldJob>;
  readonly waiting: number;
  readonly running: number;
  /** Held jobs that are in the table as well. */
  readonly rows: number;
  /** The first waiting job. */
  readonly next: HeldJob | undefined;
  /** Adds a waiting job at its place by due time and number. */
  put(job: HeldJob): void;
  /** Takes the first waiting job, which then counts as running. */
  take(taker: string): HeldJob | undefined;
  /** Lets a running job wait again, at its old place or at `place`. @returns false if the job is not running */
  release(id: string, place?: Place): boolean;
  /** Ids of the running jobs that a consumer took. */
  takenBy(taker: string): string[];
  /** The job of that id, if it is running. */
  active(id: string): HeldJob | undefined;
  /** Forgets a running job. */
  drop(id: string): void;
}

export function jobQueue(): JobQueue {
  const held = new Map<string, HeldJob>();
  const takers = new Map<string, string>();
  /** The waiting jobs in order, from index `first` on. Entries before that have been taken. */
  let waiting: HeldJob[] = [];
  let first = 0;
  let rows = 0;

  const put = (job: HeldJob): void => {
    if (!held.has(job.id) && job.hasRow) rows += 1;
    held.set(job.id, job);
    // Nearly all jobs go to the end, or back to the front from which they were taken.
    const head = waiting[first];
    if (first > 0 && head !== undefined && isBefore(job, head)) {
      first -= 1;
      waiting[first] = job;
      return;
    }
    waiting.splice(placeOf(job), 0, job);
  };

  /** Index at which a job belongs, by binary search. */
  const placeOf = (job: HeldJob): number => {
    let low = first;
    let high = waiting.length;
    const last = waiting.at(-1);
    if (high > low && last !== undefined && isBefore(last, job)) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(waiting[middle] as HeldJob, job)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    held,
    get waiting() {
      return waiting.length - first;
    },
    get next() {
      return waiting[first];
    },
    get running() {
      return takers.size;
    },
    get rows() {
      return rows;
    },
    put,
    take(taker) {
      const job = waiting[first];
      if (job === undefined) return undefined;
      first += 1;
      if (first === waiting.length || first > 1024) {
        waiting = waiting.slice(first);
        first = 0;
      }
      takers.set(job.id, taker);
      return job;
    },
    release(id, place) {
      const job = held.get(id);
      if (job === undefined || !takers.delete(id)) return false;
      put({ ...job, ...place });
      return true;
    },
    takenBy: (taker) => [...takers].filter(([, by]) => by === taker).map(([id]) => id),
    active: (id) => (takers.has(id) ? held.get(id) : undefined),
    drop(id) {
      if (!takers.delete(id)) return;
      if (held.get(id)?.hasRow === true) rows -= 1;
      held.delete(id);
    },
  };
}

/** Whether a job comes before another in the queue. */
export function isBefore(one: Place, other: Place): boolean {
  return one.runAt < other.runAt || (one.runAt === other.runAt && one.seq < other.seq);
}
