import type { DatabaseSync } from 'node:sqlite';
import { seal } from './cipher.ts';

export interface ContentWriter {
  put(id: string, text: string): void;
  delete(id: string): void;
}

export function contentWriter(db: DatabaseSync, key: Uint8Array): ContentWriter {
  const insert = db.prepare('INSERT OR IGNORE INTO contents (id, sealed) VALUES (?, ?)');
  const remove = db.prepare('DELETE FROM contents WHERE id = ?');
  return {
    put: (id, text) => void insert.run(id, seal(key, id, text)),
    delete: (id) => void remove.run(id),
  };
}
