import type { DatabaseSync } from 'node:sqlite';

export interface Passed {
  /** Pages of the write-ahead log that are in the file by now. */
  readonly copied: number;
  /** Pages in the log when the pass began. */
  readonly all: number;
}

/**
 * Copies from the write-ahead log into the file what no reader still needs otherwise; waits for nobody.
 * @returns a function that makes one pass; `undefined` from it: somebody else is at it, or it failed
 */
export function walPass(db: DatabaseSync): () => Passed | undefined {
  const statement = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  return () => {
    try {
      const row = statement.get();
      if (row === undefined || row.busy === 1) return undefined;
      return { copied: Number(row.checkpointed), all: Number(row.log) };
    } catch {
      // A full disk, say: what can't be copied now can be later, and the appends tell of the trouble themselves.
      return undefined;
    }
  };
}
