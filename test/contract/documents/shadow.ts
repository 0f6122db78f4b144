import { describe, expect, onTestFinished, test } from 'vitest';
import { type Collection, type Documents, shadowCheckpoint } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { shared } from '../support.ts';
import { laterIndexes, type Screen, screenIndexes } from './indexes.ts';
import { at, idsOf, put, screens, stored } from './samples.ts';

export function shadowContract(open: OpenDocuments): void {
  describe('a rebuild beside the serving copy', () => {
    const backend = shared(open);

    /** A collection that serves `old` at 5, with a shadow of its next version that holds `new` at 3. */
    async function rebuilding(documents: Documents, indexes: Collection<Screen>['indexes'] = screenIndexes) {
      const before = screens();
      const { name } = before;
      const after: Collection<Screen> = { name, version: 2, indexes };
      await documents.write(before, {
        puts: [stored('old', 5, { room: 'hall' })],
        checkpoint: { name, from: at(0), to: at(5) },
      });
      await documents.startShadow(after);
      const puts = [stored('new', 3, { room: 'hall', owner: 'x', rank: 1 })];
      const checkpoint = { name: shadowCheckpoint(name), from: at(0), to: at(3) };
      await documents.write(after, { puts, checkpoint }, 'shadow');
      return { name, before, after };
    }

    const inHall = async (documents: Documents, collection: Collection<Screen>) =>
      idsOf((await documents.find(collection, { index: 'room', key: 'hall', limit: 10 })).items);

    test('readers see the old copy, the rebuild its own', async () => {
      const { documents, other = documents } = backend();
      const { name, before, after } = await rebuilding(documents);
      for (const reader of [documents, other]) {
        expect(await inHall(reader, before)).toEqual(['old']);
        expect(await reader.get(before, 'new')).toBeUndefined();
        expect(await reader.get(before, 'old')).toEqual(stored('old', 5, { room: 'hall' }));
        expect([...(await reader.getMany(before, ['old', 'new'])).keys()]).toEqual(['old']);
        expect(await reader.servedVersion(after)).toBe(1);
      }
      expect([...(await documents.getMany(after, ['old', 'new'], 'shadow')).keys()]).toEqual(['new']);
      expect(await documents.checkpoint(name)).toBe(5n);
      expect(await documents.checkpoint(shadowCheckpoint(name))).toBe(3n);
    });

    test('the old copy is written on meanwhile', async () => {
      const { documents } = backend();
      const { name, before, after } = await rebuilding(documents);
      await documents.write(before, {
        puts: [stored('live', 6, { room: 'hall' })],
        checkpoint: { name, from: at(5), to: at(6) },
      });
      expect(await inHall(documents, before)).toEqual(['live', 'old']);
      expect([...(await documents.getMany(after, ['live', 'new'], 'shadow')).keys()]).toEqual(['new']);
      expect(await documents.checkpoint(shadowCheckpoint(name))).toBe(3n);
    });

    test('the position guard holds in each copy separately', async () => {
      const { documents } = backend();
      const { after } = await rebuilding(documents);
      await documents.write(after, { puts: [stored('old', 2, { room: 'attic' })] }, 'shadow');
      await documents.write(after, { puts: [stored('new', 2, { room: 'attic' })] }, 'shadow');
      const found = await documents.getMany(after, ['old', 'new'], 'shadow');
      expect(found.get('old')?.position).toBe(2n);
      expect(found.get('new')?.position).toBe(3n);
    });

    test('once promoted it serves, with its checkpoint, and the old copy is gone', async () => {
      const { documents, other = documents } = backend();
      const { name, after } = await rebuilding(documents);
      expect(await inHall(other, after)).toEqual(['old']);
      const reached = documents.reached(name, at(7), 5000);
      await documents.write(after, { checkpoint: { name: shadowCheckpoint(name), from: at(3), to: at(7) } }, 'shadow');
      await documents.promoteShadow(after, name);
      expect(await reached).toBe(true);
      expect(await other.reached(name, at(7), 5000)).toBe(true);
      for (const reader of [documents, other]) {
        expect(await inHall(reader, after)).toEqual(['new']);
        expect(await reader.get(after, 'old')).toBeUndefined();
        expect([...(await reader.findByKeys(after, 'room', ['hall'], 5)).values()].map(idsOf)).toEqual([['new']]);
        expect(await reader.servedVersion(after)).toBe(2);
      }
      expect(await documents.checkpoint(name)).toBe(7n);
      const checkpoint = { name, from: at(7), to: at(8) };
      await documents.write(after, { puts: [stored('next', 8, { room: 'hall' })], checkpoint });
      expect(await inHall(other, after)).toEqual(['next', 'new']);
    });

    test('the checkpoint may go back with it: a rebuild is promoted where it stands', async () => {
      const { documents } = backend();
      const { name, after } = await rebuilding(documents);
      await documents.promoteShadow(after, name);
      expect(await documents.checkpoint(name)).toBe(3n);
      expect(await documents.reached(name, at(5), 0)).toBe(false);
    });

    test('new indexes serve from then on', async () => {
      const { documents } = backend();
      const { name, after } = await rebuilding(documents, laterIndexes);
      await documents.promoteShadow(after, name);
      await put(documents, after, stored('more', 8, { rank: 1 }));
      const { items } = await documents.find(after, { index: 'byRank', key: 'rank 1', limit: 10 });
      expect(idsOf(items)).toEqual(['more', 'new']);
    });

    test('an unfinished one is dropped when another starts', async () => {
      const { documents } = backend();
      const { name, before, after } = await rebuilding(documents);
      await documents.startShadow(after);
      expect(await documents.getMany(after, ['new', 'old'], 'shadow')).toEqual(new Map());
      expect(await documents.checkpoint(shadowCheckpoint(name))).toBe(0n);
      expect(await inHall(documents, before)).toEqual(['old']);
      const checkpoint = { name: shadowCheckpoint(name), from: at(0), to: at(4) };
      await documents.write(after, { puts: [stored('second', 1, { room: 'hall' })], checkpoint }, 'shadow');
      await documents.promoteShadow(after, name);
      expect(await inHall(documents, after)).toEqual(['second']);
      expect(await documents.checkpoint(name)).toBe(4n);
    });

    test('one may follow another', async () => {
      const { documents } = backend();
      const { name, after } = await rebuilding(documents);
      await documents.promoteShadow(after, name);
      const third = { ...after, version: 3 };
      await documents.startShadow(third);
      expect(await documents.checkpoint(shadowCheckpoint(name))).toBe(0n);
      await documents.write(third, { puts: [stored('third', 1, { room: 'hall' })] }, 'shadow');
      expect(await inHall(documents, after)).toEqual(['new']);
      await documents.promoteShadow(third, name);
      expect(await inHall(documents, third)).toEqual(['third']);
      expect(await documents.servedVersion(third)).toBe(3);
    });

    test('an unwritten collection serves its version', async () => {
      const { documents, other = documents } = backend();
      const collection = screens(undefined, 4);
      expect(await documents.servedVersion(collection)).toBe(4);
      expect(await other.servedVersion({ ...collection, version: 5 })).toBe(4);
    });

    test('the serving copy and an unfinished rebuild outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const first = await rebuilding(own.documents);
      await own.documents.promoteShadow(first.after, first.name);
      const second = await rebuilding(own.documents);
      const documents = await own.reopen();
      expect(await documents.servedVersion(first.after)).toBe(2);
      expect(await inHall(documents, first.after)).toEqual(['new']);
      expect(await documents.servedVersion(second.after)).toBe(1);
      expect(await inHall(documents, second.before)).toEqual(['old']);
      expect([...(await documents.getMany(second.after, ['new'], 'shadow')).keys()]).toEqual(['new']);
      await documents.promoteShadow(second.after, second.name);
      expect(await inHall(documents, second.after)).toEqual(['new']);
    });
  });
}
