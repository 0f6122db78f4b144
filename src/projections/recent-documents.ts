/**
 * A cache of the documents that a projection has just written: most events change a document that changed moments ago.
 */
import { LRUCache } from 'lru-cache';
import type { Deletion, Stored } from '../ports/documents.ts';

/** Documents that are kept for one projection. */
const MAX_DOCUMENTS = 8_192;
/**
 * Their approximate size in characters: a message to thousands of targets is as large as hundreds of other messages.
 */
const MAX_CHARACTERS = 8 * 1024 * 1024;

export interface RecentDocuments<T> {
  get(id: string): Stored<T> | undefined;
  /**
   * Takes documents that the store has written. As in the store, a version that is not newer than the kept one changes
   * nothing.
   */
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

/** The approximate length of a value as JSON. */
function charactersOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 5;
  let sum = 2;
  if (Array.isArray(value)) for (const item of value) sum += charactersOf(item);
  else for (const [key, item] of Object.entries(value)) sum += key.length + 3 + charactersOf(item);
  return sum;
}
