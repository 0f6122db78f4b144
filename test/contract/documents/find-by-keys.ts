import { describe, expect, test } from 'vitest';
import type { OpenDocuments } from '../documents.ts';
import { range, shared } from '../support.ts';
import { idsOf, put, screens, stored } from './samples.ts';

export function findByKeysContract(open: OpenDocuments): void {
  describe('findByKeys', () => {
    const backend = shared(open);

    test('finds for each key its documents, in the order of the index', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(
        documents,
        collection,
        stored('b', 1, { room: 'kitchen', rank: 2 }),
        stored('a', 2, { room: 'kitchen', rank: 3 }),
        stored('c', 3, { room: 'kitchen', rank: 1 }),
        stored('e', 4, { room: 'hall', rank: 1 }),
        stored('d', 5, { room: 'hall', rank: 1 }),
        stored('f', 6, { rank: 1 }),
      );
      const found = await documents.findByKeys(collection, 'room', ['hall', 'attic', 'kitchen'], {
        each: 10,
        total: 10_000,
      });
      expect(new Set(found.keys())).toEqual(new Set(['hall', 'kitchen']));
      expect(found.get('hall')).toEqual([
        stored('d', 5, { room: 'hall', rank: 1 }),
        stored('e', 4, { room: 'hall', rank: 1 }),
      ]);
      expect(idsOf(found.get('kitchen'))).toEqual(['c', 'b', 'a']);
    });

    test('the limit holds for each key', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, ...range(40).map((n) => stored(`${n}`, n + 1, { room: `r${n % 4}`, rank: n })));
      const found = await documents.findByKeys(collection, 'room', ['r0', 'r1', 'r2'], { each: 3, total: 10_000 });
      expect([...found].map(([key, items]) => [key, idsOf(items)]).sort()).toEqual([
        ['r0', ['0', '4', '8']],
        ['r1', ['1', '5', '9']],
        ['r2', ['2', '6', '10']],
      ]);
      // A lookup with a larger limit is not answered from an earlier, shorter result.
      expect(
        (await documents.findByKeys(collection, 'room', ['r0'], { each: 100, total: 10_000 })).get('r0'),
      ).toHaveLength(10);
      expect(
        (await documents.findByKeys(collection, 'room', ['r0'], { each: 1, total: 10_000 })).get('r0'),
      ).toHaveLength(1);
    });

    test('takes 1000 keys at once, and a key that is named twice once', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, ...range(1100).map((n) => stored(`${n}`, n + 1, { owner: `user-${n}` })));
      const keys = range(1000).map((n) => `user-${n + 50}`);
      const found = await documents.findByKeys(collection, 'ownedBy', keys, { each: 5, total: 10_000 });
      expect(found.size).toBe(1000);
      for (const n of range(1000)) expect(idsOf(found.get(`user-${n + 50}`))).toEqual([`${n + 50}`]);
      const twice = await documents.findByKeys(collection, 'ownedBy', ['user-1', 'user-1'], { each: 5, total: 10_000 });
      expect([...twice].map(([key, items]) => [key, idsOf(items)])).toEqual([['user-1', ['1']]]);
    });

    test('keys differ by every character', async () => {
      const { documents } = backend();
      const collection = screens();
      const keys = ['a', 'A', 'a ', 'é', 'e\u0301', '__proto__', 'constructor', "'", '🧊', ''];
      await put(documents, collection, ...keys.map((owner, n) => stored(`${n}`, n + 1, { owner })));
      const found = await documents.findByKeys(collection, 'ownedBy', keys, { each: 5, total: 10_000 });
      for (const [n, key] of keys.entries()) expect(idsOf(found.get(key))).toEqual([`${n}`]);
    });

    test('no keys find nothing', async () => {
      expect(await backend().documents.findByKeys(screens(), 'room', [], { each: 5, total: 10_000 })).toEqual(
        new Map(),
      );
    });
  });
}
