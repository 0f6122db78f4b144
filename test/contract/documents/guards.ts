import { describe, expect, test } from 'vitest';
import { CheckpointLost } from '../../../src/ports/errors.ts';
import type { OpenDocuments } from '../documents.ts';
import { range, shared } from '../support.ts';
import { at, deleted, idsOf, LOG, put, screens, stored } from './samples.ts';

export function guardContract(open: OpenDocuments): void {
  describe('position guards', () => {
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

    test.each([4, 5])('a delete at %s changes nothing in a document at 5', async (position) => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 5, { room: 'hall' }), stored('b', 3, { room: 'hall' }));
      await documents.write(collection, { deletes: [deleted('a', position), deleted('b', position)] });
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 5, { room: 'hall' }));
      expect(await documents.get(collection, 'b')).toBeUndefined();
      const { items } = await documents.find(collection, { index: 'room', key: 'hall', limit: 10 });
      expect(idsOf(items)).toEqual(['a']);
    });

    test.each([true, false])(
      'a document that was deleted at 5 comes back only after 5 (was it there: %s)',
      async (wasThere) => {
        const { documents } = backend();
        const collection = screens();
        const rooms = async () => [
          (await documents.getMany(collection, ['a'])).get('a')?.document.room,
          ...(await documents.find(collection, { index: 'room', upTo: 'z', limit: 10 })).items.map(
            ({ document }) => document.room,
          ),
          ...[
            ...(await documents.findByKeys(collection, 'room', ['hall', 'attic'], { each: 5, total: 10_000 })).keys(),
          ],
        ];
        if (wasThere) await put(documents, collection, stored('a', 1, { room: 'hall' }));
        await documents.write(collection, { deletes: [deleted('a', 5)] });
        expect(await rooms()).toEqual([undefined]);
        for (const late of [4, 5]) await put(documents, collection, stored('a', late, { room: 'hall' }));
        expect(await rooms()).toEqual([undefined]);
        await documents.write(collection, { deletes: [deleted('a', 3)] });
        await put(documents, collection, stored('a', 5, { room: 'hall' }));
        expect(await rooms()).toEqual([undefined]);
        await put(documents, collection, stored('a', 6, { room: 'attic' }));
        expect(await rooms()).toEqual(['attic', 'attic', 'attic']);
      },
    );

    test('of puts and deletes at once the one with the highest position counts', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const order = range(20).map((n) => ((n * 7) % 20) + 1);
      await Promise.all(
        order.flatMap((n) => [
          // The last to change `a` is a put, the last to change `b` a delete.
          other.write(collection, { [n % 2 === 0 ? 'puts' : 'deletes']: [stored('a', n, { rank: n })] }),
          documents.write(collection, { [n % 2 === 1 ? 'puts' : 'deletes']: [stored('b', n, { rank: n })] }),
        ]),
      );
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 20, { rank: 20 }));
      expect(await documents.get(collection, 'b')).toBeUndefined();
    });

    describe('with a lost checkpoint', () => {
      test('it stays, and the documents are as before or as the loser wrote them, which the holder would write as well', async () => {
        const { documents } = backend();
        const collection = screens();
        const { name } = collection;
        const before = [stored('a', 3, { room: 'hall' }), stored('c', 3)];
        const after = [stored('a', 9, { room: 'kitchen' }), stored('b', 9)];
        await documents.write(collection, { puts: before, checkpoint: { from: at(0), to: at(3), log: LOG } });
        const batch = { puts: after, deletes: [deleted('c', 9)] };
        for (const from of [at(0), at(2), at(4)])
          await expect(
            documents.write(collection, { ...batch, checkpoint: { from, to: at(9), log: LOG } }),
          ).rejects.toBeInstanceOf(CheckpointLost);
        expect(await documents.checkpoint(name)).toBe(3n);
        const found = await documents.getMany(collection, ['a', 'b', 'c']);
        expect([before[0], after[0]]).toContainEqual(found.get('a'));
        expect([undefined, after[1]]).toContainEqual(found.get('b'));
        expect([undefined, before[1]]).toContainEqual(found.get('c'));
        const room = found.get('a')?.document.room ?? '';
        expect(idsOf((await documents.find(collection, { index: 'room', key: room, limit: 5 })).items)).toEqual(['a']);

        await documents.write(collection, { ...batch, checkpoint: { from: at(3), to: at(9), log: LOG } });
        expect([...(await documents.getMany(collection, ['a', 'b', 'c'])).values()]).toEqual(after);
      });

      test('nothing newer than the loser is undone', async () => {
        const { documents } = backend();
        const collection = screens();
        const { name } = collection;
        const kept = stored('kept', 12, { room: 'hall' });
        await documents.write(collection, {
          puts: [kept],
          deletes: [deleted('gone', 12)],
          checkpoint: { from: at(0), to: at(12), log: LOG },
        });
        const late = {
          puts: [stored('gone', 8, { room: 'hall' }), stored('kept', 8)],
          deletes: [deleted('kept', 9)],
          checkpoint: { from: at(3), to: at(9), log: LOG },
        };
        await expect(documents.write(collection, late)).rejects.toBeInstanceOf(CheckpointLost);
        expect([...(await documents.getMany(collection, ['kept', 'gone'])).values()]).toEqual([kept]);
        expect(await documents.checkpoint(name)).toBe(12n);
      });

      test('concurrent writes do no harm, and exactly one of them moves it', async () => {
        const { documents, other = documents } = backend();
        const collection = screens();
        const { name } = collection;
        const results = await Promise.allSettled([
          ...range(10).map((n) => put(documents, collection, stored(`${n}`, 1))),
          ...range(10).map((n) =>
            (n % 2 === 0 ? documents : other).write(collection, {
              puts: [stored(`runner-${n}`, 1)],
              checkpoint: { from: at(0), to: at(n + 1), log: LOG },
            }),
          ),
        ]);
        expect(results.slice(0, 10).every(({ status }) => status === 'fulfilled')).toBe(true);
        const winners = range(10).filter((n) => results[10 + n]?.status === 'fulfilled');
        expect(winners).toHaveLength(1);
        const certain = [...range(10).map(String), `runner-${winners[0]}`];
        expect([...(await documents.getMany(collection, certain)).keys()]).toEqual(certain);
        expect(await documents.checkpoint(name)).toBe(BigInt((winners[0] ?? 0) + 1));
      });
    });
  });
}
