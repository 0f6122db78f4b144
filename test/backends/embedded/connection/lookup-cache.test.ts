import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { type LookupCache, lookupCache } from '../../../../src/backends/embedded/connection/lookup-cache.ts';
import { positionOf } from '../../../../src/domain/position.ts';
import type { Stored } from '../../../../src/ports/documents.ts';
import { range } from '../../../contract/support.ts';

interface Doc {
  readonly room?: string | undefined;
  readonly owner?: string | undefined;
}
const indexes = ['room', 'owner'] as const;

const stored = (id: string, document: Doc): Stored<unknown> => ({ id, position: positionOf(1), document });
const idsOf = (items: readonly Stored<unknown>[]) => items.map(({ id }) => id);

describe('a lookup', () => {
  test('is remembered, also that nothing was found', () => {
    const cache = lookupCache();
    const find = vi.fn(() => [stored('a', {})]);
    const findNothing = vi.fn(() => []);
    for (const _ of range(3)) {
      expect(idsOf(cache.lookup('room', 'hall', 10, find))).toEqual(['a']);
      expect(cache.lookup('room', 'attic', 10, findNothing)).toEqual([]);
    }
    expect(find).toHaveBeenCalledOnce();
    expect(findNothing).toHaveBeenCalledOnce();
  });

  test('of one index is not that of another with the same key', () => {
    const cache = lookupCache();
    cache.lookup('room', 'x', 10, () => [stored('a', {})]);
    expect(cache.lookup('owner', 'x', 10, () => [])).toEqual([]);
  });

  test('with a smaller limit is cut from a remembered one; one that a limit may have cut is not remembered', () => {
    const cache = lookupCache();
    const three = range(3).map((n) => stored(`d${n}`, {}));
    expect(cache.lookup('room', 'hall', 3, () => three)).toHaveLength(3);
    expect(cache.lookup('room', 'hall', 10, () => [...three, stored('d3', {})])).toHaveLength(4);
    expect(idsOf(cache.lookup('room', 'hall', 2, () => []))).toEqual(['d0', 'd1']);
  });

  test('that finds many is not kept', () => {
    const cache = lookupCache();
    const find = vi.fn(() => range(51).map((n) => stored(`d${n}`, {})));
    for (const _ of range(2)) cache.lookup('room', 'hall', 1000, find);
    expect(find).toHaveBeenCalledTimes(2);
  });

  test('starts anew once the cache is cleared', () => {
    const cache = lookupCache();
    cache.lookup('room', 'hall', 10, () => [stored('a', {})]);
    cache.clear();
    expect(cache.lookup('room', 'hall', 10, () => [])).toEqual([]);
  });
});

/** A store beside the cache, which learns of changes at once or somewhat later, as between threads. */
function model(cache: LookupCache) {
  const docs = new Map<string, Doc>();
  const untold: (() => void)[] = [];
  const find = (index: (typeof indexes)[number], key: string, limit: number) =>
    [...docs]
      .filter(([, document]) => document[index] === key)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([id, document]) => stored(id, document));
  return {
    put(id: string, document: Doc) {
      docs.set(id, document);
      untold.push(() => cache.changed(id, indexes, [document.room ?? null, document.owner ?? null]));
    },
    remove(id: string) {
      docs.delete(id);
      untold.push(() => cache.changed(id, [], []));
    },
    tell: () => {
      for (const each of untold.splice(0)) each();
    },
    isTold: () => untold.length === 0,
    find,
  };
}

const key = fc.option(fc.constantFrom('x', 'y', 'z', ''), { nil: undefined });
const id = fc.constantFrom(...range(6).map((n) => `d${n}`));
const step = fc.oneof(
  fc.record({ type: fc.constant('put' as const), id, room: key, owner: key }),
  fc.record({ type: fc.constant('remove' as const), id }),
  fc.record({ type: fc.constant('tell' as const) }),
  fc.record({
    type: fc.constant('lookup' as const),
    index: fc.constantFrom(...indexes),
    key: fc.constantFrom('x', 'y', 'z', ''),
    limit: fc.integer({ min: 1, max: 8 }),
  }),
);

test('with writes and look-ups in any order, an announced change is never answered stale', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const cache = lookupCache();
      const store = model(cache);
      for (const action of steps)
        switch (action.type) {
          case 'put':
            store.put(action.id, { room: action.room, owner: action.owner });
            break;
          case 'remove':
            store.remove(action.id);
            break;
          case 'tell':
            store.tell();
            break;
          case 'lookup': {
            const fresh = store.find(action.index, action.key, action.limit);
            const found = cache.lookup(action.index, action.key, action.limit, () => fresh);
            if (store.isTold()) expect(found).toEqual(fresh);
          }
        }
    }),
    { numRuns: 150 },
  );
});
