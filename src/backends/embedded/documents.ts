import { positionOf } from '../../domain/position.ts';
import {
  type CheckpointMove,
  type Collection,
  type Copy,
  type Deletion,
  type Documents,
  type FindOptions,
  type Page,
  type Stored,
  shadowCheckpoint,
  type WriteBatch,
} from '../../ports/documents.ts';
import type { EmbeddedThread } from './connection/connection.ts';
import { type LookupCache, lookupCache } from './connection/lookup-cache.ts';
import type { Statement } from './connection/reader.ts';
import { cursorOf, pageStatement, parseCursor } from './find.ts';
import type { CollectionPlace, CollectionShape, DeleteRow, PutRow } from './protocol.ts';
import { tableOf } from './schema.ts';

interface DocumentRow {
  readonly id: string;
  readonly position: number;
  /** JSON text; empty: it was deleted. */
  readonly document: string;
}

export function embeddedDocuments(thread: EmbeddedThread): Documents {
  const { link } = thread;
  const statements = new Map<string, Statement>();
  const opened = new Map<string, Promise<CollectionShape>>();
  const places = new Map<string, CollectionPlace>();
  const caches = new Map<string, LookupCache>();

  link.onNotice(({ places: moved, changes }) => {
    for (const place of moved) {
      places.set(place.name, place);
      statements.clear();
      caches.get(place.name)?.clear();
    }
    for (const { collection, id, indexes, keys } of changes) caches.get(collection)?.changed(id, indexes, keys);
  });

  const prepare = (sql: string): Statement => {
    const statement = statements.get(sql) ?? thread.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };

  const open = <T>(collection: Collection<T>): Promise<CollectionShape> => {
    const versioned = `${collection.name} ${collection.version}`;
    let known = opened.get(versioned);
    if (known === undefined) {
      known = openCollection(collection);
      opened.set(versioned, known);
      known.catch(() => opened.delete(versioned));
    }
    return known;
  };

  /** What is read after this sees all that is committed. */
  const ready = async <T>(collection: Collection<T>): Promise<void> => {
    await open(collection);
    thread.drainNotices();
  };

  const checkpointNow = (name: string): number =>
    thread.drainNotices() ? thread.checkpoint(name) : thread.readCheckpoint(name);

  const openCollection = async <T>(collection: Collection<T>): Promise<CollectionShape> => {
    const { name, version } = collection;
    const shape: CollectionShape = { name, version, indexes: Object.keys(collection.indexes) };
    const place = await link.send<CollectionPlace>({ kind: 'openCollection', shape });
    if (!places.has(name)) places.set(name, place);
    return shape;
  };

  /** The cache of a collection that is looked up by keys; only of such a one does this thread hear every change. */
  const lookups = async (name: string): Promise<LookupCache> => {
    await link.send({ kind: 'watchCollection', name });
    const cache = caches.get(name) ?? lookupCache();
    caches.set(name, cache);
    return cache;
  };

  const table = (name: string, copy: Copy): string => {
    const place = places.get(name);
    const generation = copy === 'serving' ? place?.serving : place?.shadow;
    if (generation === undefined || generation === null) throw new Error(`collection ${name} has no ${copy} copy`);
    return tableOf(name, generation);
  };

  const findKey = <T>(collection: Collection<T>, index: string, key: string, limit: number): readonly Stored<T>[] =>
    prepare(
      `SELECT id, position, document FROM ${table(collection.name, 'serving')} WHERE k_${index} = ? ORDER BY s_${index}, id LIMIT ?`,
    )
      .all(key, limit)
      .map((row) => storedOf<T>(row as unknown as DocumentRow));

  /** Documents by their ids from one copy; not those that were deleted. */
  const getter = <T>(collection: Collection<T>, copy: Copy): ((id: string) => Stored<T> | undefined) => {
    const select = prepare(`SELECT id, position, document FROM ${table(collection.name, copy)} WHERE id = ?`);
    return (id) => {
      const row = select.get(asStored(id)) as unknown as DocumentRow | undefined;
      return row === undefined || row.document === '' ? undefined : storedOf<T>(row);
    };
  };

  return {
    async get<T>(collection: Collection<T>, id: string): Promise<Stored<T> | undefined> {
      await ready(collection);
      return getter(collection, 'serving')(id);
    },

    async getMany<T>(collection: Collection<T>, ids: readonly string[], copy: Copy = 'serving') {
      await ready(collection);
      const get = getter(collection, copy);
      const found = new Map<string, Stored<T>>();
      for (const id of ids) {
        const stored = get(id);
        if (stored !== undefined) found.set(id, stored);
      }
      return found;
    },

    async find<T>(collection: Collection<T>, options: FindOptions): Promise<Page<T>> {
      await ready(collection);
      assertIndex(collection, options.index);
      const { sql, parameters } = pageStatement(
        table(collection.name, 'serving'),
        options,
        parseCursor(options.cursor),
      );
      const rows = prepare(sql).all(...parameters, options.limit + 1) as unknown as (DocumentRow & {
        k: string;
        s: string;
      })[];
      const items = rows.slice(0, options.limit).map((row) => storedOf<T>(row));
      const last = rows[options.limit - 1];
      return rows.length > options.limit && last !== undefined ? { items, next: cursorOf(last) } : { items };
    },

    async findByKeys<T>(collection: Collection<T>, index: string, keys: readonly string[], limit: number) {
      await open(collection);
      const cache = caches.get(collection.name) ?? (await lookups(collection.name));
      assertIndex(collection, index);
      const current = thread.drainNotices();
      const found = new Map<string, readonly Stored<T>[]>();
      for (const key of keys) {
        const stored = asStored(key);
        const find = (): readonly Stored<T>[] => findKey(collection, index, stored, limit);
        const items = current ? (cache.lookup(index, stored, limit, find) as readonly Stored<T>[]) : find();
        if (items.length > 0) found.set(key, items);
      }
      return found;
    },

    async write<T>(
      collection: Collection<T>,
      { puts = [], deletes = [], checkpoint }: WriteBatch<T>,
      copy: Copy = 'serving',
    ) {
      const shape = await open(collection);
      await link.send({
        kind: 'documents',
        collection: { shape, copy },
        puts: puts.map((put) => rowOf(collection, put)),
        deletes: deletes.map(deleteRow),
        checkpoint: checkpoint === undefined ? undefined : checkpointRow(checkpoint),
      });
    },

    moveCheckpoint: (move) => link.send({ kind: 'documents', puts: [], deletes: [], checkpoint: checkpointRow(move) }),

    async checkpoint(name) {
      return positionOf(checkpointNow(name));
    },

    reached(name, position, timeoutMs) {
      const wanted = Number(position);
      if (checkpointNow(name) >= wanted) return Promise.resolve(true);
      return new Promise((resolve) => {
        const finish = (reached: boolean): void => {
          clearTimeout(timer);
          stop();
          link.signal.removeEventListener('abort', closed);
          resolve(reached);
        };
        const timer = setTimeout(() => finish(false), timeoutMs);
        const closed = (): void => finish(false);
        const stop = thread.onCheckpoint((moved, at) => {
          if (moved === name && at >= wanted) finish(true);
        });
        link.signal.addEventListener('abort', closed);
      });
    },

    async servedVersion<T>(collection: Collection<T>) {
      await ready(collection);
      return places.get(collection.name)?.servingVersion ?? collection.version;
    },

    async startShadow<T>(collection: Collection<T>) {
      const shape = await open(collection);
      const checkpoint = shadowCheckpoint(collection.name);
      places.set(shape.name, await link.send({ kind: 'startShadow', shape, checkpoint }));
    },

    async promoteShadow<T>(collection: Collection<T>, name: string) {
      const shape = await open(collection);
      const from = shadowCheckpoint(collection.name);
      places.set(shape.name, await link.send({ kind: 'promoteShadow', shape, from, to: name }));
    },
  };
}

/** Index names end up in SQL: only declared ones do. */
function assertIndex<T>(collection: Collection<T>, index: string): void {
  if (!Object.hasOwn(collection.indexes, index)) throw new Error(`collection ${collection.name} has no index ${index}`);
}

function storedOf<T>(row: DocumentRow): Stored<T> {
  return { id: row.id, position: positionOf(row.position), document: JSON.parse(row.document) as T };
}

function rowOf<T>(collection: Collection<T>, { id, position, document }: Stored<T>): PutRow {
  const indexes = Object.values(collection.indexes);
  return {
    id: asStored(id),
    position: Number(position),
    document: JSON.stringify(document),
    keys: indexes.map(({ key }) => {
      const found = key(document);
      return found === undefined ? null : asStored(found);
    }),
    sorts: indexes.map(({ sort }) => asStored(sort?.(document) ?? '')),
  };
}

function deleteRow({ id, position }: Deletion): DeleteRow {
  return { id: asStored(id), position: Number(position) };
}

/** UTF-8 has no lone surrogates; what tells ids and keys apart here is what tells them apart in the file. */
function asStored(text: string): string {
  return text.toWellFormed();
}

function checkpointRow({ name, from, to }: CheckpointMove) {
  return { name, from: Number(from), to: Number(to) };
}
