import { describe, expect, test } from 'vitest';
import type { OpenDocuments } from '../documents.ts';
import { range, shared } from '../support.ts';
import { at, deleted, idsOf, LOG, put, screens, stored } from './samples.ts';

export function batchContract(open: OpenDocuments): void {
  describe('write', () => {
    const backend = shared(open);

    test('puts, deletes and the checkpoint take effect together', async () => {
      const { documents } = backend();
      const collection = screens();
      const { name } = collection;
      await put(documents, collection, stored('a', 1, { room: 'hall' }), stored('b', 2, { room: 'hall' }));
      await documents.write(collection, {
        puts: [stored('c', 3, { room: 'hall' })],
        deletes: [deleted('a', 3), deleted('nobody', 3)],
        checkpoint: { from: at(0), to: at(3), log: LOG },
      });
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 10 });
      expect(idsOf(items)).toEqual(['b', 'c']);
      expect(await documents.get(collection, 'a')).toBeUndefined();
      expect(await documents.checkpoint(name)).toBe(3n);
    });

    test('an empty batch is fine, with and without a checkpoint', async () => {
      const { documents } = backend();
      const collection = screens();
      const { name } = collection;
      await documents.write(collection, {});
      await documents.write(collection, { puts: [], deletes: [], checkpoint: { from: at(0), to: at(8), log: LOG } });
      expect(await documents.checkpoint(name)).toBe(8n);
    });

    test('5000 documents fit into one batch, are read at once, and go at once', async () => {
      const { documents } = backend();
      const collection = screens();
      const { name } = collection;
      const ids = range(5000).map((n) => `id-${n}`);
      const puts = ids.map((id, n) => stored(id, n + 1, { room: 'hall', rank: n, more: 'x'.repeat(1000) }));
      await documents.write(collection, { puts, checkpoint: { from: at(0), to: at(5000), log: LOG } });
      expect([...(await documents.getMany(collection, ids)).values()]).toEqual(puts);
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 5000 });
      expect(idsOf(items)).toEqual(ids);
      await documents.write(collection, {
        deletes: ids.map((id) => deleted(id, 5001)),
        checkpoint: { from: at(5000), to: at(5001), log: LOG },
      });
      expect(await documents.getMany(collection, ids)).toEqual(new Map());
      expect(await documents.checkpoint(name)).toBe(5001n);
    });
  });
}
