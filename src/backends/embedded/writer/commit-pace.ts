/** When the writer commits: at once while it has little to do, in larger and rarer transactions under load. */

/** After so many operations in one transaction the next one waits for company: what comes alone is committed at once. */
const COMPANY_OPS = 4;
/** A transaction then begins this long after the one before at the earliest, so that more share its fsync. */
const COMMIT_EVERY_MS = 2;
/**
 * So many operations in one transaction of threads that callers wait for are load: they come faster than they are committed.
 * Fewer come often at most, and leave time for the background.
 */
const LOAD_OPS = 16;
/** Load is over when there was none for so long. */
const LOAD_ENDS_MS = 20;
/**
 * Under load the background's operations are committed this often, so that what is derived from an answer costs less, in
 * larger batches, and comes soon after it.
 */
const BACKGROUND_SOON_MS = 10;
/** The same when the thread that answers has no time left: an answer comes before what is derived from it. */
const BACKGROUND_LATE_MS = 200;
/** Shares of its time that this thread is busy: up to the first it is soon, from the second on late, between them graded. */
const SOON_UP_TO = 0.88;
const LATE_FROM = 0.98;
/** The busy share is smoothed over about so many reports. */
const BUSY_REPORTS = 5;
/** Rows of the background in one transaction under load: a caller waits for the transaction at hand, not for a backlog. */
const ROWS_SOON = 256;
const ROWS_LATE = 128;

export interface CommitPace {
  /** ms until the background's operations may be committed; 0: now. */
  beforeBackground(): number;
  /** ms for which the next transaction is to wait for company; 0: it may begin. */
  beforeNext(): number;
  /** Rows of the background that may go into the next transaction. */
  backgroundRows(): number;
  /** The thread that answers was busy for this share of its time lately, from 0 to 1. */
  answering(busy: number): void;
  /** A transaction begins with so many operations of each kind. */
  begin(foreground: number, background: number): void;
}

export function commitPace(now: () => number = () => performance.now()): CommitPace {
  let lastBegin = 0;
  let lastSize = 0;
  let lastLoad = Number.NEGATIVE_INFINITY;
  let lastBackground = Number.NEGATIVE_INFINITY;
  let busyShare = 0;
  const isUnderLoad = (at: number): boolean => at - lastLoad <= LOAD_ENDS_MS;
  return {
    beforeBackground() {
      const at = now();
      return isUnderLoad(at) ? Math.max(0, lastBackground + backgroundEvery(busyShare) - at) : 0;
    },
    backgroundRows() {
      if (!isUnderLoad(now())) return Number.POSITIVE_INFINITY;
      return busyShare < LATE_FROM ? ROWS_SOON : ROWS_LATE;
    },
    beforeNext: () => (lastSize >= COMPANY_OPS ? Math.max(0, lastBegin + COMMIT_EVERY_MS - now()) : 0),
    answering(busy) {
      busyShare += (busy - busyShare) / BUSY_REPORTS;
    },
    begin(foreground, background) {
      lastBegin = now();
      lastSize = foreground + background;
      if (foreground >= LOAD_OPS) lastLoad = lastBegin;
      if (background > 0) lastBackground = lastBegin;
    },
  };
}

/** ms between two commits of the background under load. Grows by the same factor for each step of the share. */
function backgroundEvery(busyShare: number): number {
  const grade = Math.min(1, Math.max(0, (busyShare - SOON_UP_TO) / (LATE_FROM - SOON_UP_TO)));
  return BACKGROUND_SOON_MS * (BACKGROUND_LATE_MS / BACKGROUND_SOON_MS) ** grade;
}
