import { describe, expect, test } from 'vitest';
import type { OpenDocuments } from '../documents.ts';
import { shared } from '../support.ts';
import { deleted, idsOf, put, screens, stored } from './samples.ts';

export function textContract(open: OpenDocuments): void {
  describe('ids and keys', () => {
    const backend = shared(open);

    test('are ordered by their code points, not by the halves of surrogate pairs', async () => {
      const { documents } = backend();
      const collection = screens();
      // U+FF5E comes before U+1F9CA, whose first half (U+D83E) comes before U+FF5E.
      const ordered = ['A', 'a', 'é', '中', '\u{ff5e}', '\u{1f9ca}'];
      const shuffled = [...ordered].reverse();
      await put(documents, collection, ...shuffled.map((id, n) => stored(id, n + 1, { room: 'hall', owner: id })));
      const byId = await documents.find(collection, { index: 'room', key: 'hall', limit: 10 });
      expect(idsOf(byId.items)).toEqual(ordered);
      const byKey = await documents.find(collection, { index: 'ownedBy', upTo: '\u{1f9ca}', limit: 10 });
      expect(idsOf(byKey.items)).toEqual(ordered);
      expect(
        idsOf((await documents.find(collection, { index: 'ownedBy', upTo: '\u{ff5e}', limit: 10 })).items),
      ).toEqual(ordered.slice(0, 5));
    });

    const [high, low, replacement] = ['screen \ud83d', 'screen \udc00', 'screen \ufffd'];

    test('with a lone surrogate are those with U+FFFD in its place: an id', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      await put(documents, collection, stored(high, 1, { room: 'hall', more: high }));
      for (const reader of [documents, other]) {
        for (const id of [high, low, replacement])
          expect(await reader.get(collection, id)).toEqual(stored(replacement, 1, { room: 'hall', more: high }));
        const found = await reader.getMany(collection, [low, 'screen \ud83d\udc00']);
        expect([...found.keys()]).toEqual([low]);
      }
      await put(documents, collection, stored(low, 2, { room: 'attic' }));
      expect((await other.get(collection, high))?.position).toBe(2n);
      expect((await documents.find(collection, { index: 'room', upTo: 'z', limit: 5 })).items).toHaveLength(1);
      await documents.write(collection, { deletes: [deleted(high, 3)] });
      expect(await other.get(collection, low)).toBeUndefined();
    });

    test('with a lone surrogate are those with U+FFFD in its place: a key, however often it was looked up', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const look = async (reader: typeof documents, key: string) => [
        idsOf((await reader.find(collection, { index: 'room', key, limit: 5 })).items),
        idsOf((await reader.findByKeys(collection, 'room', [key], { each: 5, total: 10_000 })).get(key)) ?? [],
      ];
      const lookAll = async () =>
        Promise.all([documents, other].flatMap((reader) => [high, low, replacement].map((key) => look(reader, key))));
      const all = (ids: string[]) => Array.from({ length: 6 }, () => [ids, ids]);
      expect(await lookAll()).toEqual(all([]));
      await put(documents, collection, stored('a', 1, { room: high }));
      expect(await lookAll()).toEqual(all(['a']));
      await put(other, collection, stored('b', 2, { room: low }));
      expect(await lookAll()).toEqual(all(['a', 'b']));
      await put(documents, collection, stored('a', 3, { room: 'hall' }));
      expect(await lookAll()).toEqual(all(['b']));
    });
  });
}
