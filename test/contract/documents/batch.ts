import { describe, expect, test } from 'vitest';
import { CheckpointLost } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { freshName, range, shared } from '../support.ts';
import { at, idsOf, put, screens, stored } from './samples.ts';

export function batchContract(open: OpenDocuments): void {
  describe('write', () => {
    const backend = shared(open);

    test.each([4, 5])('a put at %s changes nothing in a document at 5', async (position) => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 5, { room: 'kitchen' }));
      await put(
        documents,
        collection,
        stored('a', position, { room: 'hall' }),
        stored('b', position, { room: 'hall' }),
      );
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 5, { room: 'kitchen' }));
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 10 });
      expect(idsOf(items)).toEqual(['b']);
    });

    test('of puts at once the one with the highest position stays', async () => {
      const { documents } = backend();
      const collection = screens();
      await Promise.all(range(20).map((n) => put(documents, collection, stored('a', ((n * 7) % 20) + 1, { rank: n }))));
      expect((await documents.get(collection, 'a'))?.position).toBe(20n);
    });

    test('puts, deletes and the checkpoint take effect together', async () => {
      const { documents } = backend();
      const collection = screens();
      const name = freshName();
      await put(documents, collection, stored('a', 1, { room: 'hall' }), stored('b', 2, { room: 'hall' }));
      await documents.write(collection, {
        puts: [stored('c', 3, { room: 'hall' })],
        deletes: ['a', 'nobody'],
        checkpoint: { name, from: at(0), to: at(3) },
      });
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 10 });
      expect(idsOf(items)).toEqual(['b', 'c']);
      expect(await documents.get(collection, 'a')).toBeUndefined();
      expect(await documents.checkpoint(name)).toBe(3n);
    });

    test('a deleted document may come again', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 1, { room: 'hall' }));
      await documents.write(collection, { deletes: ['a'] });
      await put(documents, collection, stored('a', 2, { room: 'kitchen' }));
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 2, { room: 'kitchen' }));
    });

    test('with a lost checkpoint nothing has changed', async () => {
      const { documents } = backend();
      const collection = screens();
      const name = freshName();
      const first = { puts: [stored('a', 3, { room: 'hall' })], checkpoint: { name, from: at(0), to: at(3) } };
      await documents.write(collection, first);
      for (const from of [at(0), at(2), at(4)])
        await expect(
          documents.write(collection, {
            puts: [stored('a', 9, { room: 'kitchen' }), stored('b', 9)],
            deletes: ['a'],
            checkpoint: { name, from, to: at(9) },
          }),
        ).rejects.toBeInstanceOf(CheckpointLost);
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 3, { room: 'hall' }));
      expect(await documents.get(collection, 'b')).toBeUndefined();
      expect(await documents.checkpoint(name)).toBe(3n);
    });

    test('a lost checkpoint does no harm to writes that run at the same time', async () => {
      const { documents } = backend();
      const collection = screens();
      const name = freshName();
      const results = await Promise.allSettled([
        ...range(10).map((n) => put(documents, collection, stored(`${n}`, 1))),
        ...range(10).map((n) =>
          documents.write(collection, {
            puts: [stored(`runner-${n}`, 1)],
            checkpoint: { name, from: at(0), to: at(n + 1) },
          }),
        ),
      ]);
      expect(results.slice(0, 10).every(({ status }) => status === 'fulfilled')).toBe(true);
      const winners = range(10).filter((n) => results[10 + n]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      const ids = [...range(10).map(String), ...range(10).map((n) => `runner-${n}`)];
      const found = await documents.getMany(collection, ids);
      expect(new Set(found.keys())).toEqual(new Set([...range(10).map(String), `runner-${winners[0]}`]));
      expect(await documents.checkpoint(name)).toBe(BigInt((winners[0] ?? 0) + 1));
    });

    test('an empty batch is fine, with and without a checkpoint', async () => {
      const { documents } = backend();
      const collection = screens();
      const name = freshName();
      await documents.write(collection, {});
      await documents.write(collection, { puts: [], deletes: [], checkpoint: { name, from: at(0), to: at(8) } });
      expect(await documents.checkpoint(name)).toBe(8n);
    });

    test('5000 documents fit into one batch, are read at once, and go at once', async () => {
      const { documents } = backend();
      const collection = screens();
      const name = freshName();
      const ids = range(5000).map((n) => `id-${n}`);
      const puts = ids.map((id, n) => stored(id, n + 1, { room: 'hall', rank: n, more: 'x'.repeat(1000) }));
      await documents.write(collection, { puts, checkpoint: { name, from: at(0), to: at(5000) } });
      expect([...(await documents.getMany(collection, ids)).values()]).toEqual(puts);
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 5000 });
      expect(idsOf(items)).toEqual(ids);
      await documents.write(collection, { deletes: ids, checkpoint: { name, from: at(5000), to: at(5001) } });
      expect(await documents.getMany(collection, ids)).toEqual(new Map());
      expect(await documents.checkpoint(name)).toBe(5001n);
    });
  });
}
