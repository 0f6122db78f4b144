import { describe, expect, test } from 'vitest';
import type { Documents, Stored } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { PATIENCE_MS, range, shared } from '../support.ts';
import type { Screen } from './indexes.ts';
import { at, deleted, idsOf, LOG, put, screens, stored } from './samples.ts';

export function freshnessContract(open: OpenDocuments): void {
  describe('reads that follow a write see it,', () => {
    const backend = shared(open);

    /** The results of every kind of read for a key and an id. */
    async function look(documents: Documents, collection: ReturnType<typeof screens>, key: string, id: string) {
      return {
        get: (await documents.get(collection, id))?.position,
        many: (await documents.getMany(collection, [id])).get(id)?.position,
        found: idsOf((await documents.find(collection, { index: 'room', key, limit: 10 })).items),
        byKeys: idsOf((await documents.findByKeys(collection, 'room', [key], { each: 10, total: 10_000 })).get(key)),
      };
    }
    const nothing = { get: undefined, many: undefined, found: [], byKeys: undefined };

    test('also where the same was read before', async () => {
      const { documents } = backend();
      const collection = screens();
      expect(await look(documents, collection, 'hall', 'a')).toEqual(nothing);
      await put(documents, collection, stored('a', 1, { room: 'hall' }));
      expect(await look(documents, collection, 'hall', 'a')).toEqual({
        get: 1n,
        many: 1n,
        found: ['a'],
        byKeys: ['a'],
      });
      await put(documents, collection, stored('a', 2, { room: 'hall', rank: 7 }));
      expect(await look(documents, collection, 'hall', 'a')).toEqual({
        get: 2n,
        many: 2n,
        found: ['a'],
        byKeys: ['a'],
      });
      await put(documents, collection, stored('a', 3, { room: 'attic' }));
      expect(await look(documents, collection, 'hall', 'a')).toEqual({ ...nothing, get: 3n, many: 3n });
      expect(await look(documents, collection, 'attic', 'a')).toEqual({
        get: 3n,
        many: 3n,
        found: ['a'],
        byKeys: ['a'],
      });
      await documents.write(collection, { deletes: [deleted('a', 4)] });
      expect(await look(documents, collection, 'attic', 'a')).toEqual(nothing);
    });

    test('also by key: one more, another order, one less', async () => {
      const { documents } = backend();
      const collection = screens();
      const look = async () =>
        idsOf((await documents.findByKeys(collection, 'room', ['hall'], { each: 10, total: 10_000 })).get('hall'));
      await put(documents, collection, stored('a', 1, { room: 'hall', rank: 5 }));
      expect(await look()).toEqual(['a']);
      await put(documents, collection, stored('b', 2, { room: 'hall', rank: 3 }));
      expect(await look()).toEqual(['b', 'a']);
      await put(documents, collection, stored('b', 3, { room: 'hall', rank: 9 }));
      expect(await look()).toEqual(['a', 'b']);
      await put(documents, collection, stored('a', 4, { rank: 5 }));
      expect(await look()).toEqual(['b']);
    });

    test('also through another connection that has read earlier states', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const { name } = collection;
      await look(documents, collection, 'hall', 'a');
      for (const n of range(30)) {
        const [writer, reader] = n % 2 === 0 ? [documents, other] : [other, documents];
        const room = `room ${n}`;
        expect(await look(reader, collection, room, 'a')).toMatchObject({ found: [], byKeys: undefined });
        const checkpoint = { from: at(n), to: at(n + 1), log: LOG };
        await writer.write(collection, { puts: [stored('a', n + 1, { room })], checkpoint });
        const position = BigInt(n + 1);
        const fresh = { get: position, many: position, found: ['a'], byKeys: ['a'] };
        expect(await look(reader, collection, room, 'a')).toEqual(fresh);
        expect(await reader.checkpoint(name)).toBe(position);
        expect(await reader.reached(name, at(n + 1), 0)).toBe(true);
        const before = await look(reader, collection, `room ${n - 1}`, 'a');
        expect(before).toMatchObject({ found: [], byKeys: undefined });
      }
    });

    test('also through any connection, once one has learnt that the checkpoint is there', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const { name } = collection;
      for (const n of range(20)) {
        const room = `room ${n}`;
        await look(other, collection, room, 'a');
        const reached = documents.reached(name, at(n + 1), PATIENCE_MS);
        const checkpoint = { from: at(n), to: at(n + 1), log: LOG };
        const written = other.write(collection, { puts: [stored('a', n + 1, { room })], checkpoint });
        // Like a node that answers a registration once the device list has it, before the next request reaches another node.
        expect(await reached).toBe(true);
        expect(await look(other, collection, room, 'a')).toMatchObject({ found: ['a'], byKeys: ['a'] });
        expect(await look(documents, collection, room, 'a')).toMatchObject({ found: ['a'], byKeys: ['a'] });
        await written;
      }
    });

    test('also through another connection, once the checkpoint was reached', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const { name } = collection;
      for (const n of range(30)) {
        const rooms = ['hall', 'attic'] as const;
        const [here, gone] = n % 2 === 0 ? rooms : ([rooms[1], rooms[0]] as const);
        await look(other, collection, here, 'a');
        await look(other, collection, gone, 'a');
        const puts: Stored<Screen>[] = [stored('a', n + 1, { room: here })];
        const waiting = other.reached(name, at(n + 1), PATIENCE_MS);
        await documents.write(collection, { puts, checkpoint: { from: at(n), to: at(n + 1), log: LOG } });
        expect(await waiting).toBe(true);
        const position = BigInt(n + 1);
        expect(await look(other, collection, here, 'a')).toEqual({
          get: position,
          many: position,
          found: ['a'],
          byKeys: ['a'],
        });
        expect(await look(other, collection, gone, 'a')).toEqual({ ...nothing, get: position, many: position });
      }
    });

    test('and a document that a reader holds never changes', async () => {
      const { documents } = backend();
      const collection = screens();
      const given = { room: 'hall', more: { list: [1] } };
      await put(documents, collection, stored('a', 1, given));
      given.more.list.push(2);
      const read = await documents.get(collection, 'a');
      await put(documents, collection, stored('a', 2, { room: 'attic' }));
      expect(read).toEqual(stored('a', 1, { room: 'hall', more: { list: [1] } }));
    });
  });
}
