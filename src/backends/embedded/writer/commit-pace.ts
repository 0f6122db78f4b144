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
/**
 * While they are under load, the background's operations are committed this often only: an answer comes before what is
 * derived from it, and what is derived costs less in larger batches.
 */
const BACKGROUND_EVERY_MS = 200;
/** Rows of the background in one transaction then: who waits for an answer does not wait for all that came together. */
const BACKGROUND_ROWS = 128;
/** Load is over when there was none for so long. */
const LOAD_ENDS_MS = 20;

export interface CommitPace {
  /** ms until the background's operations may be committed; 0: now. */
  beforeBackground(): number;
  /** ms for which the next transaction is to wait for company; 0: it may begin. */
  beforeNext(): number;
  /** Rows of the background that may go into the next transaction. */
  backgroundRows(): number;
  /** A transaction begins with so many operations of each kind. */
  begin(foreground: number, background: number): void;
}

export function commitPace(now: () => number = () => performance.now()): CommitPace {
  let lastBegin = 0;
  let lastSize = 0;
  let lastLoad = Number.NEGATIVE_INFINITY;
  let lastBackground = Number.NEGATIVE_INFINITY;
  const isUnderLoad = (at: number): boolean => at - lastLoad <= LOAD_ENDS_MS;
  return {
    beforeBackground() {
      const at = now();
      return isUnderLoad(at) ? Math.max(0, lastBackground + BACKGROUND_EVERY_MS - at) : 0;
    },
    backgroundRows: () => (isUnderLoad(now()) ? BACKGROUND_ROWS : Number.POSITIVE_INFINITY),
    beforeNext: () => (lastSize >= COMPANY_OPS ? Math.max(0, lastBegin + COMMIT_EVERY_MS - now()) : 0),
    begin(foreground, background) {
      lastBegin = now();
      lastSize = foreground + background;
      if (foreground >= LOAD_OPS) lastLoad = lastBegin;
      if (background > 0) lastBackground = lastBegin;
    },
  };
}
