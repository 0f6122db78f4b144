/** Decides when the writer commits: at once while it has little to do, in larger and rarer transactions under load. */

/** After a transaction with this many operations or more, the next one waits so that more operations can join. */
const COMPANY_OPS = 4;
/** Then this many ms lie between the starts of two transactions, at least, so that more operations share an fsync. */
const COMMIT_EVERY_MS = 2;
/**
 * The writer counts as under load if a transaction has this many foreground operations, for which callers wait: they
 * then arrive faster than they are committed. With fewer there is time left for the background.
 */
const LOAD_OPS = 16;
/** Load is over when no transaction has shown any for this many ms. */
const LOAD_ENDS_MS = 20;
/**
 * ms between two commits of background operations under load. They come in larger batches, which cost less, and are
 * still committed soon.
 */
const BACKGROUND_SOON_MS = 10;
/** The same while the thread that answers callers has no time left: answers come first, background work later. */
const BACKGROUND_LATE_MS = 200;
/**
 * Busy shares of that thread. Up to the first one the interval is the short one, from the second one on it is the long
 * one, and in between it grows.
 */
const SOON_UP_TO = 0.88;
const LATE_FROM = 0.98;
/** The busy share is smoothed over about this many reports. */
const BUSY_REPORTS = 5;
/**
 * Background rows in one transaction under load, at most. So a caller waits for one transaction and not for a backlog.
 */
const ROWS_SOON = 256;
const ROWS_LATE = 128;

export interface CommitPace {
  /** ms until background operations may be committed; 0: now. */
  beforeBackground(): number;
  /** ms for which the next transaction should wait for more operations; 0: it may begin. */
  beforeNext(): number;
  /** How many background rows may go into the next transaction. */
  backgroundRows(): number;
  /** Reports the share of time, from 0 to 1, for which the thread that answers callers was busy lately. */
  answering(busy: number): void;
  /** Reports that a transaction begins, with the number of its operations of each kind. */
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

/** ms between two commits of the background under load. It grows exponentially with the busy share. */
function backgroundEvery(busyShare: number): number {
  const grade = Math.min(1, Math.max(0, (busyShare - SOON_UP_TO) / (LATE_FROM - SOON_UP_TO)));
  return BACKGROUND_SOON_MS * (BACKGROUND_LATE_MS / BACKGROUND_SOON_MS) ** grade;
}
