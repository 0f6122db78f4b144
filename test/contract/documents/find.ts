import { describe, expect, test } from 'vitest';
import type { FindOptions } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { range, shared } from '../support.ts';
import { allPages, deleted, idsOf, put, screens, stored } from './samples.ts';

export function findContract(open: OpenDocuments): void {
  describe('find', () => {
    const backend = shared(open);

    test('finds the documents of exactly one key, in the order of the index', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(
        documents,
        collection,
        stored('b', 1, { room: 'kitchen', rank: 20 }),
        stored('a', 2, { room: 'kitchen', rank: 3 }),
        stored('c', 3, { room: 'Kitchen', rank: 1 }),
        stored('d', 4, { room: 'kitchen ', rank: 1 }),
        stored('e', 5, { rank: 1 }),
        stored('f', 6, { room: 'kitchen', rank: 100 }),
      );
      const { items, next } = await documents.find(collection, { index: 'room', key: 'kitchen', limit: 10 });
      expect(items).toEqual([
        stored('a', 2, { room: 'kitchen', rank: 3 }),
        stored('b', 1, { room: 'kitchen', rank: 20 }),
        stored('f', 6, { room: 'kitchen', rank: 100 }),
      ]);
      expect(next).toBeUndefined();
      const descending = await documents.find(collection, {
        index: 'room',
        key: 'kitchen',
        direction: 'descending',
        limit: 10,
      });
      expect(idsOf(descending.items)).toEqual(['f', 'b', 'a']);
    });

    test('text is ordered by its characters, not by a language', async () => {
      const { documents } = backend();
      const collection = screens();
      const ids = ['a', 'B', 'b', 'A', 'Z', '10', '9', 'é', '中', '_', 'z'];
      await put(documents, collection, ...ids.map((id, index) => stored(id, index + 1, { owner: 'x' })));
      const { items } = await documents.find(collection, { index: 'ownedBy', key: 'x', limit: 100 });
      expect(idsOf(items)).toEqual([...ids].sort());
    });

    test('equal places in the order are ordered by id', async () => {
      const { documents } = backend();
      const collection = screens();
      for (const [index, id] of ['c', 'a', 'd', 'b'].entries())
        await put(documents, collection, stored(id, index + 1, { room: 'hall', rank: 5, owner: 'x' }));
      for (const options of [
        { index: 'room', key: 'hall' },
        { index: 'ownedBy', key: 'x' },
      ]) {
        expect(idsOf((await documents.find(collection, { ...options, limit: 10 })).items)).toEqual([
          'a',
          'b',
          'c',
          'd',
        ]);
        const descending = await documents.find(collection, { ...options, direction: 'descending', limit: 10 });
        expect(idsOf(descending.items)).toEqual(['d', 'c', 'b', 'a']);
      }
    });

    test.each(['__proto__', "x' OR '1'='1", '海尔 🧊', '%', '', '2:ab'])('finds by the key %j', async (key) => {
      const { documents } = backend();
      const collection = screens();
      await put(
        documents,
        collection,
        stored('a', 1, { owner: key }),
        stored('b', 2, { owner: 'other' }),
        stored('c', 3),
      );
      const { items } = await documents.find(collection, { index: 'ownedBy', key, limit: 10 });
      expect(idsOf(items)).toEqual(['a']);
    });

    test.each(['ascending', 'descending'] as const)('%s pages have no gap and no repeat', async (direction) => {
      const { documents } = backend();
      const collection = screens();
      // Several of each rank, so that pages end among equals.
      const puts = range(47).map((n) => stored(`id-${n % 10}-${n}`, n + 1, { room: 'hall', rank: n % 7 }));
      await put(documents, collection, ...puts, stored('x', 99, { room: 'other' }));
      const options: FindOptions = { index: 'room', key: 'hall', direction, limit: 100 };
      const whole = idsOf((await documents.find(collection, options)).items);
      const expected = [...puts]
        .sort((a, b) => (a.document.rank ?? 0) - (b.document.rank ?? 0) || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
      expect(whole).toEqual(direction === 'ascending' ? expected : expected.reverse());
      for (const limit of [1, 5, 46, 47, 48]) {
        const pages = await allPages((cursor) =>
          documents.find(collection, cursor === undefined ? { ...options, limit } : { ...options, limit, cursor }),
        );
        expect(pages.flatMap(({ items }) => idsOf(items))).toEqual(whole);
        expect(pages.every(({ items }) => items.length <= limit)).toBe(true);
        expect(pages).toHaveLength(Math.ceil(47 / limit));
      }
    });

    test('a page goes on where the one before ended although documents came and went meanwhile', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, ...range(6).map((n) => stored(`${n}`, n + 1, { room: 'hall', rank: n * 10 })));
      const first = await documents.find(collection, { index: 'room', key: 'hall', limit: 3 });
      expect(idsOf(first.items)).toEqual(['0', '1', '2']);
      await documents.write(collection, {
        puts: [stored('early', 10, { room: 'hall', rank: 5 }), stored('late', 11, { room: 'hall', rank: 45 })],
        deletes: ['1', '2', '3'].map((id) => deleted(id, 12)),
      });
      const second = await documents.find(collection, {
        index: 'room',
        key: 'hall',
        limit: 10,
        cursor: first.next ?? '',
      });
      expect(idsOf(second.items)).toEqual(['4', 'late', '5']);
    });

    describe('upTo', () => {
      test('finds documents with keys at or below it, in key order', async () => {
        const { documents } = backend();
        const collection = screens();
        const keys = ['2026-03-02', '2026-03-01', '2026-03-03', '2026-03-01', '2026-04-01'];
        await put(
          documents,
          collection,
          ...keys.map((owner, n) => stored(`${n}`, n + 1, { owner })),
          stored('none', 9),
        );
        const find = async (upTo: string, direction?: 'descending') =>
          idsOf(
            (await documents.find(collection, { index: 'ownedBy', upTo, limit: 10, ...(direction && { direction }) }))
              .items,
          );
        expect(await find('2026-03-02')).toEqual(['1', '3', '0']);
        expect(await find('2026-03-03')).toEqual(['1', '3', '0', '2']);
        expect(await find('2026-02-28')).toEqual([]);
        expect(await find('9')).toEqual(['1', '3', '0', '2', '4']);
        expect(await find('2026-03-03', 'descending')).toEqual(['2', '0', '3', '1']);
      });

      test('pages have no gap and no repeat', async () => {
        const { documents } = backend();
        const collection = screens();
        const puts = range(30).map((n) => stored(`${n}`, n + 1, { room: `r${n % 4}`, rank: n % 3 }));
        await put(documents, collection, ...puts);
        const options: FindOptions = { index: 'room', upTo: 'r2', limit: 100 };
        const whole = idsOf((await documents.find(collection, options)).items) ?? [];
        expect(new Set(whole)).toEqual(
          new Set(
            range(30)
              .filter((n) => n % 4 !== 3)
              .map(String),
          ),
        );
        for (const limit of [1, 4, 22, 23]) {
          const pages = await allPages((cursor) =>
            documents.find(collection, cursor === undefined ? { ...options, limit } : { ...options, limit, cursor }),
          );
          expect(pages.flatMap(({ items }) => idsOf(items))).toEqual(whole);
        }
      });
    });

    test('a document is found by its present key, and not at all once that is undefined', async () => {
      const { documents } = backend();
      const collection = screens();
      const find = async (key: string) =>
        idsOf((await documents.find(collection, { index: 'room', key, limit: 10 })).items);
      await put(documents, collection, stored('a', 1, { room: 'kitchen', owner: 'x' }));
      expect(await find('kitchen')).toEqual(['a']);
      await put(documents, collection, stored('a', 2, { room: 'hall', owner: 'x' }));
      expect([await find('kitchen'), await find('hall')]).toEqual([[], ['a']]);
      await put(documents, collection, stored('a', 3, { owner: 'x' }));
      expect(await find('hall')).toEqual([]);
      expect(idsOf((await documents.find(collection, { index: 'ownedBy', key: 'x', limit: 10 })).items)).toEqual(['a']);
      expect((await documents.find(collection, { index: 'room', upTo: 'zzz', limit: 10 })).items).toEqual([]);
      await put(documents, collection, stored('a', 4, { room: 'hall' }));
      expect(await find('hall')).toEqual(['a']);
    });
  });
}
