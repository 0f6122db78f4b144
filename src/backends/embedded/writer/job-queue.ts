/** The jobs of one queue that are in memory: those that wait, in their order, and those that run. */
import type { PlacedJob } from './job-rows.ts';

export interface HeldJob extends PlacedJob {
  /** Whether the table has it, too. */
  readonly hasRow: boolean;
}

export interface JobQueue {
  /** Waiting and running. */
  readonly held: ReadonlyMap<string, HeldJob>;
  readonly waiting: number;
  readonly running: number;
  /** Held jobs that the table has, too; and those of them that wait. */
  readonly rows: number;
  readonly rowsWaiting: number;
  /** Puts a job where it belongs by its time and number. */
  put(job: HeldJob): void;
  /** The first one that waits runs from now on. */
  take(taker: string): HeldJob | undefined;
  /** A running job waits again, in its place or in another. */
  release(id: string, place?: Pick<PlacedJob, 'runAt' | 'seq'>): boolean;
  takenBy(taker: string): string[];
  /** A job that runs, or nothing. */
  active(id: string): HeldJob | undefined;
  /** Forgets a running job. */
  drop(id: string): void;
}

export function jobQueue(): JobQueue {
  const held = new Map<string, HeldJob>();
  const takers = new Map<string, string>();
  /** In order, from `first` on. */
  let waiting: HeldJob[] = [];
  let first = 0;
  let rows = 0;
  let rowsWaiting = 0;

  const put = (job: HeldJob): void => {
    if (!held.has(job.id) && job.hasRow) rows += 1;
    if (job.hasRow) rowsWaiting += 1;
    held.set(job.id, job);
    // Nearly all go to the very end, or to the very front where they were taken from.
    const head = waiting[first];
    if (first > 0 && head !== undefined && isBefore(job, head)) {
      first -= 1;
      waiting[first] = job;
      return;
    }
    waiting.splice(placeOf(job), 0, job);
  };

  /** By halving, in what is left of the list. */
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
    get running() {
      return takers.size;
    },
    get rows() {
      return rows;
    },
    get rowsWaiting() {
      return rowsWaiting;
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
      if (job.hasRow) rowsWaiting -= 1;
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

function isBefore(one: PlacedJob, other: PlacedJob): boolean {
  return one.runAt < other.runAt || (one.runAt === other.runAt && one.seq < other.seq);
}
