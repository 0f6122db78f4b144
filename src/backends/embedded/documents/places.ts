/** The tables that hold each collection's copies. Known from notices; while one may be late, read from the file. */
import type { Collection, Copy } from '../../../ports/documents.ts';
import { CopyOfAnotherVersion, StaleCopy } from '../../../ports/errors.ts';
import type { EmbeddedThread } from '../connection/connection.ts';
import type { Statement } from '../connection/reader.ts';
import type { CollectionPlace, CollectionShape } from '../protocol.ts';
import { tableOf } from '../schema.ts';

export interface Places {
  /** Makes sure that the collection has a copy. Returns the description that the writer needs. */
  open<T>(collection: Collection<T>): Promise<CollectionShape>;
  /** The copies of an open collection. Includes every change that was announced to any thread before. */
  now(name: string): CollectionPlace;
  /**
   * The table of a copy; without `copy`, that of the serving copy.
   * @throws CopyOfAnotherVersion, StaleCopy
   */
  table<T>(collection: Collection<T>, copy?: Copy): string;
  /** Returns a statement on the reading connection, which is prepared only once. */
  prepare(sql: string): Statement;
  /** Calls the listener when the copies of a collection change. */
  onChange(listener: (name: string) => void): void;
}

export function copyPlaces(thread: EmbeddedThread): Places {
  const { link } = thread;
  const opened = new Map<string, Promise<CollectionShape>>();
  const places = new Map<string, CollectionPlace>();
  const statements = new Map<string, Statement>();
  const listeners: ((name: string) => void)[] = [];
  const select = thread.prepare(
    'SELECT name, serving, version AS servingVersion, shadow, shadow_version AS shadowVersion FROM collections WHERE name = ?',
  );

  link.onNotice(({ places: moved }) => {
    for (const place of moved) {
      places.set(place.name, place);
      statements.clear();
      for (const listener of listeners) listener(place.name);
    }
  });

  const openCollection = async <T>(collection: Collection<T>): Promise<CollectionShape> => {
    const { name, version } = collection;
    const shape: CollectionShape = { name, version, indexes: Object.keys(collection.indexes) };
    const place = await link.send<CollectionPlace>({ kind: 'openCollection', shape });
    if (!places.has(name)) places.set(name, place);
    return shape;
  };

  const now = (name: string): CollectionPlace => {
    const known = thread.drainNotices() ? places.get(name) : (select.get(name) as CollectionPlace | undefined);
    if (known === undefined) throw new Error(`collection ${name} is not open`);
    return known;
  };

  return {
    open(collection) {
      const versioned = `${collection.name} ${collection.version}`;
      let known = opened.get(versioned);
      if (known === undefined) {
        known = openCollection(collection);
        opened.set(versioned, known);
        known.catch(() => opened.delete(versioned));
      }
      return known;
    },

    now,

    table({ name, version }, copy) {
      const { serving, servingVersion, shadow } = now(name);
      if (copy === undefined) {
        if (servingVersion === version) return tableOf(name, serving);
        throw new CopyOfAnotherVersion(`collection ${name} serves version ${servingVersion}, not ${version}`);
      }
      if (copy.generation === serving || copy.generation === shadow) return tableOf(name, copy.generation);
      throw new StaleCopy(`collection ${name} has no copy ${copy.generation} any more`);
    },

    prepare(sql) {
      const statement = statements.get(sql) ?? thread.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },

    onChange: (listener) => void listeners.push(listener),
  };
}
