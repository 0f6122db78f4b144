/** The documents that a projection has written last: most events concern a document that changed moments ago. */
import { LRUCache } from 'lru-cache';
import type { Deletion, Stored } from '../ports/documents.ts';

/** Kept of one projection. */
const MAX_DOCUMENTS = 8_192;
/** The same in characters of text, about: a message to thousands is as large as hundreds of others. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

export interface RecentDocuments<T> {
  get(id: string): Stored<T> | undefined;
  /** Takes written documents, once the store has them. As in the store, a version that is not newer than the one kept changes nothing. */
  written(puts: readonly Stored<T>[], deletes: readonly Deletion[]): void;
}

export function recentDocuments<T>(maxDocuments = MAX_DOCUMENTS, maxCharacters = MAX_CHARACTERS): RecentDocuments<T> {
  const kept = new LRUCache<string, Stored<T>>({
    max: maxDocuments,
    maxSize: maxCharacters,
    sizeCalculation: ({ document }) => charactersOf(document),
  });
  return {
    get: (id) => kept.get(id),
    written(puts, deletes) {
      for (const put of puts) {
        const known = kept.peek(put.id);
        if (known === undefined || known.position < put.position) kept.set(put.id, put);
      }
      for (const { id } of deletes) kept.delete(id);
    },
  };
}

/** About how long a value is as JSON. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 5;
  let sum = 2;
  if (Array.isArray(value)) for (const item of value) sum += charactersOf(item);
  else for (const [key, item] of Object.entries(value)) sum += key.length + 3 + charactersOf(item);
  return sum;
}
