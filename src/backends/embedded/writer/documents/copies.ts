/** The copies of each collection: the serving one, perhaps a shadow, and replaced ones that are being dropped. */
import type { DatabaseSync } from 'node:sqlite';
import { CopyOfAnotherVersion, ShadowBehind, StaleCopy } from '../../../../ports/errors.ts';
import type { CollectionPlace, CollectionShape, CopyRow } from '../../protocol.ts';
import { copyCheckpoint, tableOf } from '../../schema.ts';
import type { CheckpointTable } from './checkpoints.ts';
import { createTable, dropSome } from './tables.ts';

/** A replaced copy is kept for this long, in ms: a reader that has no notice of the swap yet still finds it. */
export const RETIRED_MS = 30_000;
/** Rows of a replaced copy that one transaction drops, at most. */
const DROP_AT_ONCE = 2_000;

export interface CopyTable {
  /** The copies of a collection. Makes an empty one if there is none. */
  placeOf(shape: CollectionShape): CollectionPlace;
  /**
   * The copy that a write goes to: `copy`, or the serving one if that is undefined.
   * @throws StaleCopy, CopyOfAnotherVersion
   */
  writable(shape: CollectionShape, copy: CopyRow | undefined): CopyRow;
  startShadow(shape: CollectionShape): CollectionPlace;
  /** @throws ShadowBehind, StaleCopy */
  promoteShadow(shape: CollectionShape, shadow: CopyRow): CollectionPlace;
  /** Drops some rows of copies that were replaced long enough ago. @returns whether there are more */
  dropRetired(): boolean;
  /** To be called after a rollback: drops the cached places, which may be wrong now. */
  rolledBack(): void;
}

interface CopyDeps {
  readonly checkpoints: CheckpointTable;
  /** Called after every change of a collection's copies. */
  readonly onPlace: (place: CollectionPlace) => void;
  /** Called with the table of a replaced copy before rows of it are dropped. */
  readonly onDropped: (table: string) => void;
  /** The monotonic clock, in ms. */
  readonly now: () => number;
}

export function copyTable(db: DatabaseSync, { checkpoints, onPlace, onDropped, now }: CopyDeps): CopyTable {
  const find = db.prepare(
    'SELECT name, serving, version AS servingVersion, shadow, shadow_version AS shadowVersion FROM collections WHERE name = ?',
  );
  const insert = db.prepare('INSERT INTO collections (name, serving, version, newest) VALUES (?, ?, ?, ?)');
  const setShadow = db.prepare(
    'UPDATE collections SET newest = newest + 1, shadow = newest + 1, shadow_version = ? WHERE name = ? RETURNING shadow',
  );
  const promote = db.prepare(
    'UPDATE collections SET serving = shadow, version = shadow_version, shadow = NULL, shadow_version = NULL WHERE name = ?',
  );
  const retire = db.prepare('INSERT OR IGNORE INTO retired_copies (collection, generation) VALUES (?, ?)');
  const findRetired = db.prepare('SELECT collection, generation FROM retired_copies ORDER BY collection, generation');
  const forgetRetired = db.prepare('DELETE FROM retired_copies WHERE collection = ? AND generation = ?');

  const places = new Map<string, CollectionPlace>();
  /** table → time of its replacement. Copies replaced before this process started have no readers any more. */
  const retiredAt = new Map<string, number>();

  const tell = (place: CollectionPlace): CollectionPlace => {
    places.set(place.name, place);
    onPlace(place);
    return place;
  };

  const placeOf = (shape: CollectionShape): CollectionPlace => {
    const known = places.get(shape.name) ?? (find.get(shape.name) as CollectionPlace | undefined);
    if (known !== undefined) {
      places.set(shape.name, { ...known });
      return { ...known };
    }
    createTable(db, tableOf(shape.name, 1), shape.indexes);
    insert.run(shape.name, 1, shape.version, 1);
    return tell({ name: shape.name, serving: 1, servingVersion: shape.version, shadow: null, shadowVersion: null });
  };

  const retireCopy = (name: string, generation: number): void => {
    retire.run(name, generation);
    retiredAt.set(tableOf(name, generation), now());
  };

  return {
    placeOf,

    writable(shape, copy) {
      const place = placeOf(shape);
      const serving = { generation: place.serving, version: place.servingVersion };
      if (copy === undefined) {
        if (serving.version === shape.version) return serving;
        throw new CopyOfAnotherVersion(
          `collection ${shape.name} serves version ${serving.version}, not ${shape.version}`,
        );
      }
      const isThere = [place.serving, place.shadow].includes(copy.generation);
      const version = copy.generation === place.serving ? place.servingVersion : place.shadowVersion;
      if (isThere && version === shape.version && copy.version === shape.version) return copy;
      throw new StaleCopy(
        `collection ${shape.name} has no copy ${copy.generation} of version ${shape.version} any more`,
      );
    },

    startShadow(shape) {
      const place = placeOf(shape);
      if (place.shadow !== null) retireCopy(place.name, place.shadow);
      const shadow = Number(setShadow.get(shape.version, shape.name)?.shadow);
      createTable(db, tableOf(shape.name, shadow), shape.indexes);
      return tell({ ...place, shadow, shadowVersion: shape.version });
    },

    promoteShadow(shape, shadow) {
      const place = placeOf(shape);
      const { name } = place;
      if (place.serving === shadow.generation) return place;
      if (place.shadow !== shadow.generation || place.shadowVersion !== shadow.version)
        throw new StaleCopy(`collection ${name} has no shadow ${shadow.generation} to promote any more`);
      const [old, next] = [place.serving, place.shadow].map((generation) =>
        checkpoints.standing(copyCheckpoint(name, generation)),
      );
      const isComparable = old?.log === next?.log || old?.log === null || next?.log === null;
      if (isComparable && (next?.position ?? 0) < (old?.position ?? 0))
        throw new ShadowBehind(`the shadow of ${name} stands at ${next?.position}, what serves at ${old?.position}`);
      promote.run(name);
      retireCopy(name, place.serving);
      return tell({
        name,
        serving: place.shadow,
        servingVersion: shadow.version,
        shadow: null,
        shadowVersion: null,
      });
    },

    dropRetired() {
      for (const row of findRetired.all()) {
        const [name, generation] = [String(row.collection), Number(row.generation)];
        const table = tableOf(name, generation);
        if (now() - (retiredAt.get(table) ?? Number.NEGATIVE_INFINITY) < RETIRED_MS) continue;
        onDropped(table);
        if (!dropSome(db, table, DROP_AT_ONCE)) return true;
        checkpoints.remove(copyCheckpoint(name, generation));
        forgetRetired.run(name, generation);
        retiredAt.delete(table);
      }
      return false;
    },

    rolledBack: () => places.clear(),
  };
}
