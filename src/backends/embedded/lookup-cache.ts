/**
 * Remembers what was found under a key, so that a push to 200 known terminals costs no queries. Correct because every
 * change goes through the one writer, which tells all threads what changed before it answers the change.
 */
import { LRUCache } from 'lru-cache';
import type { Stored } from '../../ports/documents.ts';

const MAX_KEYS = 50_000;
/** A longer list is not worth keeping. */
const MAX_ITEMS = 50;

type Items = readonly Stored<unknown>[];

export interface LookupCache {
  lookup(index: string, key: string, limit: number, find: () => Items): Items;
  /** A document changed: what was found with it, or will be found under its keys, is forgotten. */
  changed(id: string, indexes: readonly string[], keys: readonly (string | null)[]): void;
  clear(): void;
}

export function lookupCache(): LookupCache {
  /** document id → cache keys whose items hold it */
  const holders = new Map<string, Set<string>>();

  const found = new LRUCache<string, Items>({
    max: MAX_KEYS,
    dispose: (items, cacheKey) => {
      for (const { id } of items) {
        const keys = holders.get(id);
        keys?.delete(cacheKey);
        if (keys?.size === 0) holders.delete(id);
      }
    },
  });

  const keep = (cacheKey: string, items: Items): void => {
    found.set(cacheKey, items);
    for (const { id } of items) {
      const keys = holders.get(id);
      if (keys === undefined) holders.set(id, new Set([cacheKey]));
      else keys.add(cacheKey);
    }
  };

  return {
    lookup(index, key, limit, find) {
      const cacheKey = `${index}\n${key}`;
      const known = found.get(cacheKey);
      if (known !== undefined) return known.length > limit ? known.slice(0, limit) : known;
      const items = find();
      // A list as long as the limit may have been cut off by it.
      if (items.length < limit && items.length <= MAX_ITEMS) keep(cacheKey, items);
      return items;
    },
    changed(id, indexes, keys) {
      for (const cacheKey of [...(holders.get(id) ?? [])]) found.delete(cacheKey);
      keys.forEach((key, place) => {
        if (key !== null) found.delete(`${indexes[place]}\n${key}`);
      });
    },
    clear() {
      found.clear();
      holders.clear();
    },
  };
}
