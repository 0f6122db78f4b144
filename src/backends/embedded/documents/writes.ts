import type { Collection, Copy, Documents, WriteBatch } from '../../../ports/documents.ts';
import type { Link } from '../connection/link.ts';
import type { CollectionPlace } from '../protocol.ts';
import type { Places } from './places.ts';
import { checkpointRow, deleteRow, putRow } from './rows.ts';

type Writes = Pick<Documents, 'write' | 'moveCheckpoint'>;
type Copies = Pick<Documents, 'serving' | 'startShadow' | 'promoteShadow'>;

export function documentWrites(link: Link, places: Places): Writes {
  return {
    async write<T>(
      collection: Collection<T>,
      { puts = [], deletes = [], checkpoint }: WriteBatch<T>,
      copy?: Copy,
    ): Promise<void> {
      const shape = await places.open(collection);
      await link.send({
        kind: 'documents',
        collection: { shape, copy },
        puts: puts.map((put) => putRow(collection, put)),
        deletes: deletes.map(deleteRow),
        checkpoint: checkpoint === undefined ? undefined : checkpointRow('', checkpoint),
      });
    },

    moveCheckpoint: (move) =>
      link.send({ kind: 'documents', puts: [], deletes: [], checkpoint: checkpointRow(move.name, move) }),
  };
}

export function collectionCopies(link: Link, places: Places): Copies {
  return {
    async serving(collection) {
      await places.open(collection);
      const { name, serving, servingVersion } = places.now(collection.name);
      return { collection: name, version: servingVersion, generation: serving };
    },

    async startShadow(collection) {
      const shape = await places.open(collection);
      const { name, version } = collection;
      const place = await link.send<CollectionPlace>({ kind: 'startShadow', shape });
      return { collection: name, version, generation: Number(place.shadow) };
    },

    async promoteShadow(collection, shadow) {
      const shape = await places.open(collection);
      await link.send({ kind: 'promoteShadow', shape, shadow });
    },
  };
}
