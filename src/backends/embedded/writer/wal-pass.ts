import type { DatabaseSync } from 'node:sqlite';

export interface Passed {
  /** Pages of the write-ahead log that have been copied into the file. */
  readonly copied: number;
  /** Pages in the log when the pass began. */
  readonly all: number;
}

/**
 * Copies pages from the write-ahead log into the file, as far as readers allow it. It waits for no reader.
 * @returns a function that makes one pass; it returns `undefined` if another connection is copying, or if the pass
 * failed
 */
export function walPass(db: DatabaseSync): () => Passed | undefined {
  const statement = db.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  return () => {
    try {
      const row = statement.get();
      if (row === undefined || row.busy === 1) return undefined;
      return { copied: Number(row.checkpointed), all: Number(row.log) };
    } catch {
      // For instance a full disk: a later pass copies the pages, and the appends report the trouble themselves.
      return undefined;
    }
  };
}
