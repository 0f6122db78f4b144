/** Pages of `find` and of `findByKeys` against a model, with keys that are odd on purpose. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Documents, FindOptions } from '../../../src/ports/documents.ts';
import type { Screen } from '../../contract/documents/indexes.ts';
import { allPages, screens, stored } from '../../contract/documents/samples.ts';
import { shared } from '../../contract/support.ts';
import { openTestBackend } from '../../support/embedded.ts';

const backend = shared(openTestBackend);

/** Text order is that of the code points, as UTF-8 has it. */
const byText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'A',
    '',
    ' ',
    "'",
    '"',
    '%',
    '_',
    '中',
    '🧊',
    '\uffff',
    '\0',
    'a\0b',
    '2026-03-01T02:03:04.005Z',
  ),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const document: fc.Arbitrary<Screen> = fc.record({
  room: fc.option(key, { nil: undefined }),
  rank: fc.integer({ min: 0, max: 5 }),
  owner: fc.option(key, { nil: undefined }),
});
const options = fc.record({
  index: fc.constantFrom('room' as const, 'ownedBy' as const),
  by: fc.constantFrom('key' as const, 'upTo' as const, 'all' as const),
  direction: fc.constantFrom('ascending' as const, 'descending' as const),
  limit: fc.integer({ min: 1, max: 7 }),
  text: key,
});

type Case = typeof options extends fc.Arbitrary<infer T> ? T : never;

function expectedIds(all: readonly Screen[], { index, by, direction, text }: Case): string[] {
  const keyOf = ({ room, owner }: Screen) => (index === 'room' ? room : owner);
  const sortOf = ({ rank }: Screen) => (index === 'room' ? String(rank).padStart(4, '0') : '');
  const fits = (own: string) => by === 'all' || (by === 'key' ? own === text : byText(own, text) <= 0);
  const ordered = all
    .flatMap((screen, n) => {
      const own = keyOf(screen);
      return own !== undefined && fits(own) ? [{ own, sort: sortOf(screen), id: `id-${n}` }] : [];
    })
    .sort((a, b) => byText(a.own, b.own) || byText(a.sort, b.sort) || byText(a.id, b.id))
    .map(({ id }) => id);
  return direction === 'ascending' ? ordered : ordered.reverse();
}

async function filled(documents: Documents, all: readonly Screen[]) {
  const collection = screens();
  await documents.write(collection, { puts: all.map((screen, n) => stored(`id-${n}`, n + 1, screen)) });
  return collection;
}

test('every page of every kind of find is the model’s, for any keys', async () => {
  const { documents } = backend().backend;
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { maxLength: 25, size: 'max' }),
      fc.array(options, { minLength: 6, maxLength: 6 }),
      async (all, cases) => {
        const collection = await filled(documents, all);
        for (const each of cases) {
          const { index, by, direction, limit, text } = each;
          const asked: FindOptions = { index, direction, limit, ...(by === 'all' ? {} : { [by]: text }) };
          const pages = await allPages((cursor) =>
            documents.find(collection, cursor === undefined ? asked : { ...asked, cursor }),
          );
          const expected = expectedIds(all, each);
          expect(pages.flatMap(({ items }) => items.map(({ id }) => id))).toEqual(expected);
          expect(pages).toHaveLength(Math.max(1, Math.ceil(expected.length / limit)));
        }
      },
    ),
    { numRuns: 40 },
  );
});

test('findByKeys agrees with find for every key, before and after a change', async () => {
  const { documents } = backend().backend;
  await fc.assert(
    fc.asyncProperty(
      fc.array(document, { minLength: 1, maxLength: 15, size: 'max' }),
      fc.array(document, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 6 }),
      async (all, changes, limit) => {
        const collection = await filled(documents, all);
        const keys = [...new Set([...all, ...changes].flatMap(({ room }) => room ?? []))];
        const agree = async (): Promise<void> => {
          const found = await documents.findByKeys(collection, 'room', keys, { each: limit, total: 10_000 });
          for (const room of keys) {
            const { items } = await documents.find(collection, { index: 'room', key: room, limit });
            expect(found.get(room) ?? []).toEqual(items);
          }
        };
        await agree();
        await documents.write(collection, { puts: changes.map((screen, n) => stored(`id-${n}`, 1000 + n, screen)) });
        await agree();
      },
    ),
    { numRuns: 30 },
  );
});
