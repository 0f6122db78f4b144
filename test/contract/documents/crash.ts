import { describe, expect, onTestFinished, test } from 'vitest';
import { shadowCheckpoint } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { range } from '../support.ts';
import { at, screens, stored } from './samples.ts';

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
        await documents.write(before, { puts, checkpoint: { name, from: at(0), to: at(5) } });
        await other.startShadow(after);
        const checkpoint = { name: shadowCheckpoint(name), from: at(0), to: at(3) };
        await other.write(after, { puts: [stored('new', 3)], checkpoint }, 'shadow');

        const swapping = other.promoteShadow(after, name).catch(() => 'cut off');
        for (const _ of range(turns)) await new Promise((resolve) => setImmediate(resolve));
        await killOther();
        await swapping;

        const [version, position] = [await documents.servedVersion(after), await documents.checkpoint(name)];
        const ids = [...(await documents.getMany(after, ['old-0', 'new'])).keys()];
        const [old, swapped] = [
          [1, 5n, ['old-0']],
          [2, 3n, ['new']],
        ];
        expect([old, swapped]).toContainEqual([version, position, ids]);
        // In either case the next one succeeds.
        await other.startShadow(after);
        await other.write(after, { puts: [stored('next', 1)], checkpoint: { ...checkpoint, to: at(7) } }, 'shadow');
        await other.promoteShadow(after, name);
        expect([...(await documents.getMany(after, ['old-0', 'new', 'next'])).keys()]).toEqual(['next']);
        expect(await documents.checkpoint(name)).toBe(7n);
      }
    });
  });
}
