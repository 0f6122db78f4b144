import { describe, expect, onTestFinished, test } from 'vitest';
import type { OpenDocuments } from '../documents.ts';
import { range, shared } from '../support.ts';
import { deleted, put, screens, stored } from './samples.ts';

export function storeContract(open: OpenDocuments): void {
  describe('storing', () => {
    const backend = shared(open);

    test('a document is got with its id and position', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 7, { room: 'kitchen', rank: 3, more: [1, true, null, { x: {} }] }));
      expect(await documents.get(collection, 'a')).toEqual({
        id: 'a',
        position: 7n,
        document: { room: 'kitchen', rank: 3, more: [1, true, null, { x: {} }] },
      });
    });

    test('an unwritten collection holds nothing', async () => {
      const { documents } = backend();
      const collection = screens();
      expect(await documents.get(collection, 'a')).toBeUndefined();
      expect(await documents.getMany(collection, ['a', 'b'])).toEqual(new Map());
      expect(await documents.find(collection, { index: 'room', key: 'kitchen', limit: 10 })).toEqual({ items: [] });
      expect(await documents.findByKeys(collection, 'room', ['kitchen'], { each: 10, total: 10_000 })).toEqual(
        new Map(),
      );
    });

    test('many are got by their ids, those that exist', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, ...range(600).map((n) => stored(`id-${n}`, n + 1, { rank: n })));
      const wanted = range(700).map((n) => `id-${n}`);
      const found = await documents.getMany(collection, [...wanted, 'id-1', 'nobody']);
      expect(new Set(found.keys())).toEqual(new Set(wanted.slice(0, 600)));
      for (const n of range(600)) expect(found.get(`id-${n}`)).toEqual(stored(`id-${n}`, n + 1, { rank: n }));
      expect(await documents.getMany(collection, [])).toEqual(new Map());
    });

    test('ids differ by every character', async () => {
      const { documents } = backend();
      const collection = screens();
      const ids = [
        'a',
        'A',
        'a ',
        ' a',
        'a/b',
        'a%2Fb',
        'é',
        'e\u0301',
        '海尔',
        '🧊',
        "a'b",
        '$a',
        'a.b',
        '__proto__',
        'constructor',
        '1',
        '01',
      ];
      await put(documents, collection, ...ids.map((id, index) => stored(id, index + 1, { more: id })));
      for (const id of ids) expect((await documents.get(collection, id))?.document.more).toBe(id);
      const many = await documents.getMany(collection, ids);
      expect([...many.keys()].sort()).toEqual([...ids].sort());
    });

    test('a document comes back as the JSON that it is', async () => {
      const { documents } = backend();
      const collection = screens();
      const json = String.raw`{"more":{"__proto__":{"a":1},"constructor":"x","toString":null,"$set":{"a.b":1},"":0,"汉":"\u0000🧊\u2028","half":"\ud83d","big":9007199254740991,"small":-1.5e-7,"list":[[],{}]}}`;
      await put(documents, collection, stored('a', 1, JSON.parse(json)));
      const document = (await documents.get(collection, 'a'))?.document;
      expect(JSON.parse(JSON.stringify(document))).toStrictEqual(JSON.parse(json));
      expect(Object.keys(document?.more as object)).toContain('__proto__');
    });

    test('a property without a value is left out, not null', async () => {
      const { documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 1, { room: undefined, more: { x: undefined } }));
      expect(JSON.stringify((await documents.get(collection, 'a'))?.document)).toBe('{"more":{}}');
    });

    test('large positions keep every digit', async () => {
      const { documents } = backend();
      const collection = screens();
      const position = 2n ** 50n + 1n;
      await put(documents, collection, stored('a', position));
      await put(documents, collection, stored('a', position - 1n, { more: 'older' }));
      expect(await documents.get(collection, 'a')).toEqual(stored('a', position));
    });

    test('collections do not see each other', async () => {
      const { documents } = backend();
      const [one, two] = [screens(), screens()];
      await put(documents, one, stored('a', 1, { room: 'kitchen' }));
      expect(await documents.get(two, 'a')).toBeUndefined();
      expect((await documents.find(two, { index: 'room', key: 'kitchen', limit: 10 })).items).toEqual([]);
    });

    test('answered writes outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const collection = screens();
      await put(own.documents, collection, stored('a', 1, { room: 'kitchen' }), stored('b', 2));
      await own.documents.write(collection, { deletes: [deleted('b', 3)] });
      const documents = await own.reopen();
      expect(await documents.get(collection, 'a')).toEqual(stored('a', 1, { room: 'kitchen' }));
      expect(await documents.get(collection, 'b')).toBeUndefined();
      const found = await documents.find(collection, { index: 'room', key: 'kitchen', limit: 10 });
      expect(found.items).toEqual([stored('a', 1, { room: 'kitchen' })]);
    });
  });
}
