/**
 * Remembers the documents found under a key, so that a push to 200 known terminals costs no queries. This is correct
 * because every change goes through the one writer, which notifies all threads before it answers the change.
 */
import { LRUCache } from 'lru-cache';
import type { Stored } from '../../../ports/documents.ts';

/** Keys that are remembered for each index. */
const MAX_KEYS = 50_000;
/** A longer list is not worth keeping. */
const MAX_ITEMS = 50;

type Items = readonly Stored<unknown>[];

export interface LookupCache {
  lookup(index: string, key: string, limit: number, find: () => Items): Items;
  /** A document has changed: forgets the results that contain it, and those under its new keys. */
  changed(id: string, indexes: readonly string[], keys: readonly (string | null)[]): void;
  clear(): void;
}

/** The documents found under a key, and the place where they are remembered. */
interface Entry {
  readonly items: Items;
  readonly key: string;
  readonly list: EntryList;
}

type EntryList = LRUCache<string, Entry>;

export function lookupCache(): LookupCache {
  /** A list for each index: looking up the bare key is faster than building a text of index and key. */
  const lists = new Map<string, EntryList>();
  /** document id → the entries whose items hold it */
  const holders = new Map<string, Set<Entry>>();

  const listOf = (index: string): EntryList => {
    const known = lists.get(index);
    if (known !== undefined) return known;
    const list: EntryList = new LRUCache({ max: MAX_KEYS, dispose: forget });
    lists.set(index, list);
    return list;
  };

  const forget = (entry: Entry): void => {
    for (const { id } of entry.items) {
      const entries = holders.get(id);
      entries?.delete(entry);
      if (entries?.size === 0) holders.delete(id);
    }
  };

  const keep = (entry: Entry): void => {
    entry.list.set(entry.key, entry);
    for (const { id } of entry.items) {
      const entries = holders.get(id);
      if (entries === undefined) holders.set(id, new Set([entry]));
      else entries.add(entry);
    }
  };

  return {
    lookup(index, key, limit, find) {
      const list = listOf(index);
      const known = list.get(key)?.items;
      if (known !== undefined) return known.length > limit ? known.slice(0, limit) : known;
      const items = find();
      // A list as long as the limit may be incomplete.
      if (items.length < limit && items.length <= MAX_ITEMS) keep({ items, key, list });
      return items;
    },
    changed(id, indexes, keys) {
      for (const { list, key } of [...(holders.get(id) ?? [])]) list.delete(key);
      keys.forEach((key, place) => {
        if (key !== null) lists.get(indexes[place] ?? '')?.delete(key);
      });
    },
    clear() {
      for (const list of lists.values()) list.clear();
      holders.clear();
    },
  };
}
