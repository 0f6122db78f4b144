import { describe, expect, test } from 'vitest';
import type { Documents } from '../../../src/ports/documents.ts';
import { CheckpointLost, StoreUnavailable } from '../../../src/ports/errors.ts';
import type { OpenDocuments } from '../documents.ts';
import { faultyOr } from '../hooks.ts';
import { endsWithin, eventually, expectBounded, failureOf, freshName, shared } from '../support.ts';
import { at, LOG, put, screens, stored } from './samples.ts';

export function faultContract(open: OpenDocuments): void {
  describe('a store that does not answer', () => {
    const backend = shared(open);
    const callsOf = (documents: Documents, collection = screens(), name = freshName()) => ({
      get: documents.get(collection, 'a'),
      getMany: documents.getMany(collection, ['a', 'b']),
      find: documents.find(collection, { index: 'room', key: 'hall', limit: 10 }),
      findByKeys: documents.findByKeys(collection, 'room', ['hall'], { each: 10, total: 10_000 }),
      write: put(documents, collection, stored('a', 1)),
      moveCheckpoint: documents.moveCheckpoint({ name, from: at(0), to: at(1), log: LOG }),
      checkpoint: documents.checkpoint(name),
      serving: documents.serving(collection),
      startShadow: documents.startShadow(collection),
      promoteShadow: documents.promoteShadow(collection, { collection: collection.name, version: 1, generation: 2 }),
    });
    const writes = ['write', 'moveCheckpoint', 'startShadow', 'promoteShadow'];

    test('ends every call in time, reads too, and serves again once it answers', async (context) => {
      const { port: documents, withinMs, freeze, heal } = await faultyOr(context, backend());
      const [known, kept] = [screens(), screens()];
      await put(documents, known, stored('a', 1));
      await put(documents, kept, stored('before', 1));
      await freeze();
      await expectBounded(withinMs, callsOf(documents), writes);
      await expectBounded(withinMs, callsOf(documents, known), writes);
      expect(await endsWithin(50, documents.reached(freshName(), at(1), 50))).toEqual({
        status: 'fulfilled',
        value: false,
      });
      await heal();
      await eventually(() => put(documents, kept, stored('after', 2)));
      expect((await documents.getMany(kept, ['before', 'after'])).size).toBe(2);
    });

    test('a write of which nothing was heard does no harm when it is repeated', async (context) => {
      const { documents: others } = backend();
      const { port: documents, freeze, heal } = await faultyOr(context, backend());
      const collection = screens();
      const { name } = collection;
      await put(documents, collection, stored('a', 1, { room: 'attic' }), stored('b', 1, { room: 'hall' }));
      const batch = {
        puts: [stored('a', 3, { room: 'hall' })],
        deletes: [{ id: 'b', position: at(3) }],
        checkpoint: { from: at(0), to: at(3), log: LOG },
      };
      await freeze();
      expect(await failureOf(documents.write(collection, batch))).toBeInstanceOf(StoreUnavailable);
      await heal();
      // The first has moved the checkpoint, or this one does.
      await documents.write(collection, batch).catch((error) => expect(error).toBeInstanceOf(CheckpointLost));
      for (const reader of [documents, others]) {
        expect(await reader.checkpoint(name)).toBe(3n);
        const { items } = await reader.find(collection, { index: 'room', key: 'hall', limit: 5 });
        expect(items).toEqual([stored('a', 3, { room: 'hall' })]);
      }
      await documents.write(collection, { checkpoint: { from: at(3), to: at(4), log: LOG } });
    });

    test('nor does a move of a checkpoint, and a call that waits for it ends', async (context) => {
      const { documents: others } = backend();
      const { port: documents, freeze, heal } = await faultyOr(context, backend());
      const name = freshName();
      const move = () => documents.moveCheckpoint({ name, from: at(0), to: at(3), log: LOG });
      await documents.checkpoint(name);
      await freeze();
      expect(await failureOf(move())).toBeInstanceOf(StoreUnavailable);
      const reached = [documents, others].map((reader) => reader.reached(name, at(3), 5_000));
      await heal();
      await move().catch((error) => expect(error).toBeInstanceOf(CheckpointLost));
      expect(await Promise.all(reached)).toEqual([true, true]);
      expect(await others.checkpoint(name)).toBe(3n);
    });

    test('nor does a swap', async (context) => {
      const { documents: others } = backend();
      const { port: documents, freeze, heal } = await faultyOr(context, backend());
      const before = screens();
      const { name } = before;
      const after = screens(name, 2);
      await documents.write(before, { puts: [stored('old', 5)], checkpoint: { from: at(0), to: at(5), log: LOG } });
      const shadow = await documents.startShadow(after);
      const checkpoint = { from: at(0), to: at(6), log: LOG };
      await documents.write(after, { puts: [stored('new', 3)], checkpoint }, shadow);
      await freeze();
      expect(await failureOf(documents.promoteShadow(after, shadow))).toBeInstanceOf(StoreUnavailable);
      await heal();
      await documents.promoteShadow(after, shadow);
      expect(await others.serving(after)).toEqual(shadow);
      expect([...(await others.getMany(after, ['old', 'new'])).keys()]).toEqual(['new']);
      expect(await others.checkpoint(name)).toBe(6n);
    });

    test('does not keep the port from closing, and one that is closed refuses', async (context) => {
      const { port: documents, withinMs, freeze, close } = await faultyOr(context, backend());
      const known = screens();
      await put(documents, known, stored('a', 1));
      await freeze();
      const pending = failureOf(put(documents, known, stored('b', 2)));
      const waiting = documents.reached(freshName(), at(1), 60_000);
      expect(await endsWithin(withinMs, close())).toMatchObject({ status: 'fulfilled' });
      expect(await pending).toBeInstanceOf(StoreUnavailable);
      expect(await endsWithin(withinMs, waiting)).toEqual({ status: 'fulfilled', value: false });
      await expectBounded(withinMs, callsOf(documents, known), [...writes, 'get', 'getMany', 'find']);
    });
  });
}
