import type { DatabaseSync } from 'node:sqlite';
import { seal } from '../cipher.ts';

export interface ContentWriter {
  /** Does nothing if the id is taken or was erased. */
  put(id: string, text: string): void;
  /** Leaves an empty row, so that no later put stores the content again. */
  delete(id: string): void;
}

export function contentWriter(db: DatabaseSync, key: Uint8Array): ContentWriter {
  const insert = db.prepare('INSERT OR IGNORE INTO contents (id, sealed) VALUES (?, ?)');
  const erase = db.prepare(
    `INSERT INTO contents (id, sealed) VALUES (?, x'') ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed`,
  );
  return {
    put: (id, text) => void insert.run(id, seal(key, id, text)),
    delete: (id) => void erase.run(id),
  };
}
