import { describe, expect, onTestFinished, test } from 'vitest';
import type { OpenDocuments } from '../documents.ts';
import { range } from '../support.ts';
import { at, LOG, screens, stored } from './samples.ts';

/** How long after it was begun a swap is cut off, in turns of the event loop. */
const TURNS = [0, 1, 2, 4, 8, 16, 32, 64];

export function crashContract(open: OpenDocuments): void {
  describe('a swap whose process is killed', () => {
    test('has happened with its checkpoint or not at all, whenever it was', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      const { documents, other, killOther } = own;
      if (other === undefined || killOther === undefined) return context.skip();
      for (const turns of TURNS) {
        const before = screens();
        const { name } = before;
        const after = screens(name, 2);
        const puts = range(200).map((n) => stored(`old-${n}`, 5));
        await documents.write(before, { puts, checkpoint: { from: at(0), to: at(5), log: LOG } });
        const shadow = await other.startShadow(after);
        const checkpoint = { from: at(0), to: at(6), log: LOG };
        await other.write(after, { puts: [stored('new', 3)], checkpoint }, shadow);

        const swapping = other.promoteShadow(after, shadow).catch(() => 'cut off');
        for (const _ of range(turns)) await new Promise((resolve) => setImmediate(resolve));
        await killOther();
        await swapping;

        const serving = await documents.serving(after);
        const position = await documents.checkpoint(name);
        const collection = serving.version === 1 ? before : after;
        const ids = [...(await documents.getMany(collection, ['old-0', 'new'])).keys()];
        const [old, swapped] = [
          [1, 5n, ['old-0']],
          [2, 6n, ['new']],
        ];
        expect([old, swapped]).toContainEqual([serving.version, position, ids]);
        // Whatever it was, the next one succeeds.
        const next = await other.startShadow(after);
        await other.write(after, { puts: [stored('next', 1)], checkpoint: { ...checkpoint, to: at(7) } }, next);
        await other.promoteShadow(after, next);
        expect([...(await documents.getMany(after, ['old-0', 'new', 'next'])).keys()]).toEqual(['next']);
        expect(await documents.checkpoint(name)).toBe(7n);
      }
    });
  });
}
