import { describe, expect, onTestFinished, test } from 'vitest';
import { CheckpointLost } from '../../../src/ports/documents.ts';
import type { OpenDocuments } from '../documents.ts';
import { freshName, PATIENCE_MS, range, shared } from '../support.ts';
import { at, screens, stored } from './samples.ts';

export function checkpointContract(open: OpenDocuments): void {
  describe('checkpoints', () => {
    const backend = shared(open);

    test('stand at the start before they were moved', async () => {
      expect(await backend().documents.checkpoint(freshName())).toBe(0n);
    });

    test('move from their present position, each separately, and may stay', async () => {
      const { documents } = backend();
      const [name, other] = [freshName(), freshName()];
      await documents.moveCheckpoint({ name, from: at(0), to: at(5) });
      await documents.moveCheckpoint({ name, from: at(5), to: at(5) });
      await documents.moveCheckpoint({ name, from: at(5), to: at(9) });
      await documents.moveCheckpoint({ name: other, from: at(0), to: at(2) });
      expect(await documents.checkpoint(name)).toBe(9n);
      expect(await documents.checkpoint(other)).toBe(2n);
    });

    test('a move from a wrong position is refused, and they stay', async () => {
      const { documents } = backend();
      const name = freshName();
      const lost = documents.moveCheckpoint({ name, from: at(3), to: at(4) });
      await expect(lost).rejects.toBeInstanceOf(CheckpointLost);
      expect(await documents.checkpoint(name)).toBe(0n);
      await documents.moveCheckpoint({ name, from: at(0), to: at(5) });
      for (const from of [at(0), at(4), at(6)])
        await expect(documents.moveCheckpoint({ name, from, to: at(7) })).rejects.toBeInstanceOf(CheckpointLost);
      expect(await documents.checkpoint(name)).toBe(5n);
    });

    test('of many that move one at once exactly one does', async () => {
      const { documents, other = documents } = backend();
      const name = freshName();
      const moves = range(20).map((n) =>
        (n % 2 === 0 ? documents : other).moveCheckpoint({ name, from: at(0), to: at(n + 1) }),
      );
      const results = await Promise.allSettled(moves);
      const winners = range(20).filter((n) => results[n]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      expect(await documents.checkpoint(name)).toBe(BigInt((winners[0] ?? 0) + 1));
      const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      for (const reason of reasons) expect(reason).toBeInstanceOf(CheckpointLost);
    });

    test('keep large positions', async () => {
      const { documents } = backend();
      const name = freshName();
      const far = (2n ** 50n + 1n) as ReturnType<typeof at>;
      await documents.moveCheckpoint({ name, from: at(0), to: far });
      expect(await documents.checkpoint(name)).toBe(far);
    });

    test('outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const name = freshName();
      await own.documents.moveCheckpoint({ name, from: at(0), to: at(5) });
      const documents = await own.reopen();
      expect(await documents.checkpoint(name)).toBe(5n);
      expect(await documents.reached(name, at(5), 1)).toBe(true);
      await documents.moveCheckpoint({ name, from: at(5), to: at(6) });
    });

    describe('reached', () => {
      test('is true at once where the checkpoint stands there or beyond', async () => {
        const { documents } = backend();
        const name = freshName();
        expect(await documents.reached(name, at(0), 0)).toBe(true);
        await documents.moveCheckpoint({ name, from: at(0), to: at(5) });
        expect(await documents.reached(name, at(5), 0)).toBe(true);
        expect(await documents.reached(name, at(1), 0)).toBe(true);
      });

      test('is false when the time is over', async () => {
        const { documents } = backend();
        const name = freshName();
        await documents.moveCheckpoint({ name, from: at(0), to: at(5) });
        expect(await documents.reached(name, at(6), 0)).toBe(false);
        expect(await documents.reached(name, at(6), 20)).toBe(false);
      });

      test('waits for it, through whichever connection it moves', async () => {
        const { documents, other = documents } = backend();
        const collection = screens();
        const name = freshName();
        const waits = [at(3), at(4), at(5)].map((position) => documents.reached(name, position, PATIENCE_MS));
        const tooFar = documents.reached(name, at(9), 50);
        await other.write(collection, { puts: [stored('a', 3)], checkpoint: { name, from: at(0), to: at(3) } });
        expect(await waits[0]).toBe(true);
        await other.moveCheckpoint({ name, from: at(3), to: at(5) });
        expect(await Promise.all(waits)).toEqual([true, true, true]);
        expect(await tooFar).toBe(false);
      });

      test('many may wait at once', async () => {
        const { documents } = backend();
        const name = freshName();
        const waits = range(200).map((n) => documents.reached(name, at(n + 1), PATIENCE_MS));
        for (const n of range(20)) await documents.moveCheckpoint({ name, from: at(n * 10), to: at(n * 10 + 10) });
        expect(new Set(await Promise.all(waits))).toEqual(new Set([true]));
      });
    });
  });
}
