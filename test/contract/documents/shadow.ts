import { describe, expect, onTestFinished, test } from 'vitest';
import type { Collection, Copy, Documents } from '../../../src/ports/documents.ts';
import { CopyOfAnotherVersion, ShadowBehind, StaleCopy } from '../../../src/ports/errors.ts';
import type { OpenDocuments } from '../documents.ts';
import { eventually, failureOf, range, shared } from '../support.ts';
import { laterIndexes, type Screen, screenIndexes } from './indexes.ts';
import { at, idsOf, LOG, put, screens, stored } from './samples.ts';

const move = (from: number, to: number) => ({ from: at(from), to: at(to), log: LOG });

/** A collection that serves `old` at 5, with a shadow of its next version that holds `new` at 3 and stands there. */
async function rebuilding(documents: Documents, indexes: Collection<Screen>['indexes'] = screenIndexes) {
  const before = screens();
  const { name } = before;
  const after: Collection<Screen> = { name, version: 2, indexes };
  await documents.write(before, { puts: [stored('old', 5, { room: 'hall' })], checkpoint: move(0, 5) });
  const shadow = await documents.startShadow(after);
  const puts = [stored('new', 3, { room: 'hall', owner: 'x', rank: 1 })];
  await documents.write(after, { puts, checkpoint: move(0, 3) }, shadow);
  return { name, before, after, shadow };
}

async function inHall(documents: Documents, collection: Collection<Screen>): Promise<string[] | undefined> {
  return idsOf((await documents.find(collection, { index: 'room', key: 'hall', limit: 10 })).items);
}

export function shadowContract(open: OpenDocuments): void {
  describe('a rebuild', () => {
    const backend = shared(open);

    /** The shadow catches up, and serves. */
    async function promote(documents: Documents, collection: Collection<Screen>, shadow: Copy, to = 5): Promise<void> {
      await documents.write(collection, { checkpoint: move(3, to) }, shadow);
      await documents.promoteShadow(collection, shadow);
    }

    test('readers see the old copy, the rebuild its own', async () => {
      const { documents, other = documents } = backend();
      const { name, before, after, shadow } = await rebuilding(documents);
      for (const reader of [documents, other]) {
        expect(await inHall(reader, before)).toEqual(['old']);
        expect(await reader.get(before, 'new')).toBeUndefined();
        expect(await reader.get(before, 'old')).toEqual(stored('old', 5, { room: 'hall' }));
        expect([...(await reader.getMany(before, ['old', 'new'])).keys()]).toEqual(['old']);
        expect((await reader.serving(after)).version).toBe(1);
        expect([...(await reader.getMany(after, ['old', 'new'], shadow)).keys()]).toEqual(['new']);
        expect(await reader.checkpoint(name)).toBe(5n);
        expect(await reader.checkpoint(shadow)).toBe(3n);
      }
    });

    test('the old copy is written on meanwhile', async () => {
      const { documents } = backend();
      const { before, after, shadow } = await rebuilding(documents);
      await documents.write(before, { puts: [stored('live', 6, { room: 'hall' })], checkpoint: move(5, 6) });
      expect(await inHall(documents, before)).toEqual(['live', 'old']);
      expect([...(await documents.getMany(after, ['live', 'new'], shadow)).keys()]).toEqual(['new']);
      expect(await documents.checkpoint(shadow)).toBe(3n);
    });

    test('the position guard holds in each copy by itself', async () => {
      const { documents } = backend();
      const { after, shadow } = await rebuilding(documents);
      await documents.write(after, { puts: [stored('old', 2, { room: 'attic' })] }, shadow);
      await documents.write(after, { puts: [stored('new', 2, { room: 'attic' })] }, shadow);
      const found = await documents.getMany(after, ['old', 'new'], shadow);
      expect(found.get('old')?.position).toBe(2n);
      expect(found.get('new')?.position).toBe(3n);
    });

    test('once promoted it serves, with its checkpoint, and the old copy does not', async () => {
      const { documents, other = documents } = backend();
      const { name, before, after, shadow } = await rebuilding(documents);
      expect(await inHall(other, before)).toEqual(['old']);
      const reached = documents.reached(name, at(7), 5000);
      await promote(documents, after, shadow, 7);
      expect(await reached).toBe(true);
      expect(await other.reached(name, at(7), 5000)).toBe(true);
      for (const reader of [documents, other]) {
        expect(await inHall(reader, after)).toEqual(['new']);
        expect(await reader.get(after, 'old')).toBeUndefined();
        const found = await reader.findByKeys(after, 'room', ['hall'], { each: 5, total: 5 });
        expect([...found.values()].map(idsOf)).toEqual([['new']]);
        expect(await reader.serving(after)).toEqual(shadow);
        expect(await reader.checkpoint(name)).toBe(7n);
      }
      await documents.write(after, { puts: [stored('next', 8, { room: 'hall' })], checkpoint: move(7, 8) });
      expect(await inHall(other, after)).toEqual(['next', 'new']);
    });

    test('is not promoted before it stands where the serving copy stands, which may go on meanwhile', async () => {
      const { documents, other = documents } = backend();
      const { name, before, after, shadow } = await rebuilding(documents);
      expect(await failureOf(documents.promoteShadow(after, shadow))).toBeInstanceOf(ShadowBehind);
      await documents.write(after, { checkpoint: move(3, 5) }, shadow);
      await other.write(before, { puts: [stored('late', 6, { room: 'hall' })], checkpoint: move(5, 6) });
      expect(await failureOf(documents.promoteShadow(after, shadow))).toBeInstanceOf(ShadowBehind);
      expect(await inHall(other, before)).toEqual(['late', 'old']);
      expect(await other.checkpoint(name)).toBe(6n);
      const puts = [stored('late', 6, { room: 'hall' })];
      await documents.write(after, { puts, checkpoint: move(5, 6) }, shadow);
      await documents.promoteShadow(after, shadow);
      expect(await inHall(other, after)).toEqual(['late', 'new']);
    });

    test('takes nothing back that `reached` has told of, while one copy is written and the other swapped in', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const { name } = collection;
      for (const round of range(15)) {
        const first = round * 10;
        const shadow = await other.startShadow(collection);
        const puts = range(first).map((n) => stored(`${n + 1}`, n + 1));
        await other.write(collection, { puts, checkpoint: move(0, first) }, shadow);
        let swapped = false;
        const swapping = (async () => {
          for (let at = first; !swapped; at += 1) {
            swapped = await other.promoteShadow(collection, shadow).then(
              () => true,
              (error: Error) => {
                expect(error).toBeInstanceOf(ShadowBehind);
                return false;
              },
            );
            if (swapped) return;
            const next = { puts: [stored(`${at + 1}`, at + 1)], checkpoint: move(at, at + 1) };
            await other.write(collection, next, shadow);
          }
        })();
        const serving = await documents.serving(collection);
        for (const n of range(10)) {
          const next = first + n;
          const write = { puts: [stored(`${next + 1}`, next + 1)], checkpoint: move(next, next + 1) };
          const failed = await documents.write(collection, write, serving).catch((error: Error) => error);
          if (failed !== undefined) {
            expect(failed).toBeInstanceOf(StaleCopy);
            break;
          }
          expect(await documents.reached(name, at(next + 1), 0)).toBe(true);
          for (const reader of [documents, other]) expect(await reader.get(collection, `${next + 1}`)).toBeDefined();
        }
        await swapping;
        // What is missing of the round.
        const stand = Number(await documents.checkpoint(name));
        const rest = range(first + 10 - stand).map((n) => stored(`${stand + n + 1}`, stand + n + 1));
        await documents.write(collection, { puts: rest, checkpoint: move(stand, Math.max(stand, first + 10)) });
        for (const n of range(first + 10)) expect(await other.get(collection, `${n + 1}`)).toBeDefined();
      }
    });

    test('new indexes serve from then on', async () => {
      const { documents } = backend();
      const { after, shadow } = await rebuilding(documents, laterIndexes);
      await promote(documents, after, shadow);
      await put(documents, after, stored('more', 8, { rank: 1 }));
      const { items } = await documents.find(after, { index: 'byRank', key: 'rank 1', limit: 10 });
      expect(idsOf(items)).toEqual(['more', 'new']);
    });

    test('readers of another release than the copy that serves are refused, whichever is newer', async () => {
      const { documents, other = documents } = backend();
      const { before, after, shadow } = await rebuilding(documents, laterIndexes);
      const refused = async (reader: Documents, collection: Collection<Screen>, index: string): Promise<void> => {
        const limits = { each: 5, total: 5 };
        const calls = [
          reader.get(collection, 'old'),
          reader.getMany(collection, ['old', 'new']),
          reader.find(collection, { index, key: 'hall', limit: 5 }),
          reader.findByKeys(collection, index, ['hall'], limits),
        ];
        for (const call of calls) expect(await failureOf(call)).toBeInstanceOf(CopyOfAnotherVersion);
      };
      for (const reader of [documents, other]) await refused(reader, after, 'byRank');
      await promote(documents, after, shadow);
      for (const reader of [documents, other]) await refused(reader, before, 'room');
    });

    test('a runner of the older release writes nothing into the new copy', async () => {
      const { documents, other = documents } = backend();
      const { before, after, shadow, name } = await rebuilding(documents);
      const serving = await other.serving(before);
      await promote(documents, after, shadow);
      const batch = { puts: [stored('a', 9, { room: 'hall' })], checkpoint: move(5, 9) };
      expect(await failureOf(other.write(before, batch, serving))).toBeInstanceOf(StaleCopy);
      expect(await failureOf(other.write(before, batch))).toBeInstanceOf(CopyOfAnotherVersion);
      expect(await failureOf(other.write(before, batch, shadow))).toBeInstanceOf(StaleCopy);
      expect(await documents.checkpoint(name)).toBe(5n);
      expect(await inHall(documents, after)).toEqual(['new']);
    });

    test('of two that rebuild at once, the one that began first is stale, writes nothing and promotes nothing', async () => {
      const { documents, other = documents } = backend();
      const { before, after, shadow: first } = await rebuilding(documents);
      const second = await other.startShadow(after);
      expect(second.generation).toBeGreaterThan(first.generation);
      const batch = { puts: [stored('first', 4, { room: 'hall' })], checkpoint: move(3, 5) };
      expect(await failureOf(documents.write(after, batch, first))).toBeInstanceOf(StaleCopy);
      expect(await failureOf(documents.promoteShadow(after, first))).toBeInstanceOf(StaleCopy);
      expect(await failureOf(documents.getMany(after, ['new'], first))).toBeInstanceOf(StaleCopy);
      // An empty copy is not swapped in.
      expect(await failureOf(other.promoteShadow(after, second))).toBeInstanceOf(ShadowBehind);
      expect(await documents.getMany(after, ['new', 'old'], second)).toEqual(new Map());
      expect(await documents.checkpoint(second)).toBe(0n);
      expect(await inHall(documents, before)).toEqual(['old']);
      const puts = [stored('second', 1, { room: 'hall' })];
      await other.write(after, { puts, checkpoint: move(0, 5) }, second);
      await other.promoteShadow(after, second);
      expect(await inHall(documents, after)).toEqual(['second']);
    });

    test('may be promoted again, which does nothing', async () => {
      const { documents, other = documents } = backend();
      const { after, shadow, name } = await rebuilding(documents);
      await promote(documents, after, shadow);
      await documents.write(after, { puts: [stored('next', 8)], checkpoint: move(5, 8) }, shadow);
      await documents.promoteShadow(after, shadow);
      await other.promoteShadow(after, shadow);
      expect(await other.serving(after)).toEqual(shadow);
      expect(await other.checkpoint(name)).toBe(8n);
    });

    test('one may follow another', async () => {
      const { documents } = backend();
      const { after, shadow } = await rebuilding(documents);
      await promote(documents, after, shadow);
      const third = { ...after, version: 3 };
      const next = await documents.startShadow(third);
      expect(await documents.checkpoint(next)).toBe(0n);
      await documents.write(third, { puts: [stored('third', 1, { room: 'hall' })], checkpoint: move(0, 3) }, next);
      expect(await inHall(documents, after)).toEqual(['new']);
      await promote(documents, third, next);
      expect(await inHall(documents, third)).toEqual(['third']);
      expect((await documents.serving(third)).version).toBe(3);
    });

    test('of a copy of another log is promoted wherever it stands', async () => {
      const { documents } = backend();
      const { after, name } = await rebuilding(documents);
      const shadow = await documents.startShadow(after);
      await documents.write(after, { checkpoint: { ...move(0, 2), log: 'another' } }, shadow);
      await documents.promoteShadow(after, shadow);
      expect(await documents.checkpoint(name, 'another')).toBe(2n);
    });

    test('a collection that nobody has written to serves its version', async () => {
      const { documents, other = documents } = backend();
      const collection = screens(undefined, 4);
      expect((await documents.serving(collection)).version).toBe(4);
      expect((await other.serving({ ...collection, version: 5 })).version).toBe(4);
    });

    test('readers never meet the absence of the old copy while copies are swapped elsewhere', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      await put(documents, collection, stored('a', 1, { room: 'hall' }));
      let reads = 0;
      let done = false;
      const read = async (): Promise<void> => {
        while (!done) {
          expect(await documents.get(collection, 'a')).toBeDefined();
          const found = await documents.findByKeys(collection, 'room', ['hall'], { each: 5, total: 5 });
          expect(found.size).toBe(1);
          reads += 1;
          if (reads % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const reading = [read(), read()];
      for (const _ of range(60)) {
        const shadow = await other.startShadow(collection);
        await other.write(collection, { puts: [stored('a', 1, { room: 'hall' })] }, shadow);
        await other.promoteShadow(collection, shadow);
      }
      done = true;
      await Promise.all(reading);
      await eventually(() => expect(reads).toBeGreaterThan(0));
    });

    test('what serves, and an unfinished rebuild, outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const first = await rebuilding(own.documents);
      await promote(own.documents, first.after, first.shadow);
      const second = await rebuilding(own.documents);
      const documents = await own.reopen();
      expect(await documents.serving(first.after)).toEqual(first.shadow);
      expect(await inHall(documents, first.after)).toEqual(['new']);
      expect((await documents.serving(second.after)).version).toBe(1);
      expect(await inHall(documents, second.before)).toEqual(['old']);
      expect([...(await documents.getMany(second.after, ['new'], second.shadow)).keys()]).toEqual(['new']);
      await promote(documents, second.after, second.shadow);
      expect(await inHall(documents, second.after)).toEqual(['new']);
    });
  });
}
