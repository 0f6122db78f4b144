import type { Collection, Copy, Documents, FindOptions, KeyLimits, Page, Stored } from '../../../ports/documents.ts';
import type { EmbeddedThread } from '../connection/connection.ts';
import { type LookupCache, lookupCache } from '../connection/lookup-cache.ts';
import { cursorOf, pageStatement, parseCursor } from './find.ts';
import type { Places } from './places.ts';
import { asStored, type DocumentRow, storedOf } from './rows.ts';

type Reads = Pick<Documents, 'get' | 'getMany' | 'find' | 'findByKeys'>;

export function documentReads(thread: EmbeddedThread, places: Places): Reads {
  const { link } = thread;
  const { prepare } = places;
  const caches = new Map<string, LookupCache>();

  link.onNotice(({ changes }) => {
    for (const { collection, id, indexes, keys } of changes) caches.get(collection)?.changed(id, indexes, keys);
  });
  places.onChange((name) => caches.get(name)?.clear());

  /**
   * Returns the cache of a collection that is looked up by keys. From then on the writer reports its changes to all
   * threads.
   */
  const lookups = async (name: string): Promise<LookupCache> => {
    const known = caches.get(name);
    if (known !== undefined) return known;
    await link.send({ kind: 'watchCollection', name });
    const cache = caches.get(name) ?? lookupCache();
    caches.set(name, cache);
    return cache;
  };

  /** Returns a function that gets documents of one copy by id. Deleted ones are not found. */
  const getter = <T>(collection: Collection<T>, copy?: Copy): ((id: string) => Stored<T> | undefined) => {
    const select = prepare(`SELECT id, position, document FROM ${places.table(collection, copy)} WHERE id = ?`);
    return (id) => {
      const row = select.get(asStored(id)) as unknown as DocumentRow | undefined;
      return row === undefined || row.document === '' ? undefined : storedOf<T>(row);
    };
  };

  /** Returns a function that finds documents by one key of an index. */
  const finder = <T>(table: string, index: string): ((key: string, limit: number) => readonly Stored<T>[]) => {
    const select = prepare(
      `SELECT id, position, document FROM ${table} WHERE k_${index} = ? ORDER BY s_${index}, id LIMIT ?`,
    );
    return (key, limit) => select.all(key, limit).map((row) => storedOf<T>(row as unknown as DocumentRow));
  };

  return {
    async get<T>(collection: Collection<T>, id: string): Promise<Stored<T> | undefined> {
      await places.open(collection);
      return getter(collection)(id);
    },

    async getMany<T>(collection: Collection<T>, ids: readonly string[], copy?: Copy) {
      await places.open(collection);
      const get = getter(collection, copy);
      const found = new Map<string, Stored<T>>();
      for (const id of ids) {
        const stored = get(id);
        if (stored !== undefined) found.set(id, stored);
      }
      return found;
    },

    async find<T>(collection: Collection<T>, options: FindOptions): Promise<Page<T>> {
      await places.open(collection);
      assertIndex(collection, options.index);
      const { sql, parameters } = pageStatement(places.table(collection), options, parseCursor(options.cursor));
      const rows = prepare(sql).all(...parameters, options.limit + 1) as unknown as (DocumentRow & {
        k: string;
        s: string;
      })[];
      const items = rows.slice(0, options.limit).map((row) => storedOf<T>(row));
      const last = rows[options.limit - 1];
      return rows.length > options.limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
    },

    async findByKeys<T>(collection: Collection<T>, index: string, keys: readonly string[], { each, total }: KeyLimits) {
      await places.open(collection);
      const cache = await lookups(collection.name);
      assertIndex(collection, index);
      const isCurrent = thread.drainNotices();
      const find = finder<T>(places.table(collection), index);
      const found = new Map<string, readonly Stored<T>[]>();
      let left = total;
      for (const key of keys) {
        if (left === 0) break;
        if (found.has(key)) continue;
        const stored = asStored(key);
        const limit = Math.min(each, left);
        const look = (): readonly Stored<T>[] => find(stored, limit);
        const items = isCurrent ? (cache.lookup(index, stored, limit, look) as readonly Stored<T>[]) : look();
        if (items.length === 0) continue;
        found.set(key, items);
        left -= items.length;
      }
      return found;
    },
  };
}

/** Index names become part of SQL, so only declared ones are allowed. */
function assertIndex<T>(collection: Collection<T>, index: string): void {
  if (!Object.hasOwn(collection.indexes, index)) throw new Error(`collection ${collection.name} has no index ${index}`);
}
