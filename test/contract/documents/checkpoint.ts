import { describe, expect, onTestFinished, test } from 'vitest';
import type { Documents } from '../../../src/ports/documents.ts';
import { CheckpointLost, CheckpointOfAnotherLog } from '../../../src/ports/errors.ts';
import type { OpenDocuments } from '../documents.ts';
import { failureOf, freshName, PATIENCE_MS, range, shared } from '../support.ts';
import { at, LOG, screens, stored } from './samples.ts';

export function checkpointContract(open: OpenDocuments): void {
  describe('checkpoints', () => {
    const backend = shared(open);

    test('stand at the start before they were moved', async () => {
      expect(await backend().documents.checkpoint(freshName())).toBe(0n);
    });

    test('move from their present position, each separately, and may stay', async () => {
      const { documents } = backend();
      const [name, other] = [freshName(), freshName()];
      await documents.moveCheckpoint({ name, from: at(0), to: at(5), log: LOG });
      await documents.moveCheckpoint({ name, from: at(5), to: at(5), log: LOG });
      await documents.moveCheckpoint({ name, from: at(5), to: at(9), log: LOG });
      await documents.moveCheckpoint({ name: other, from: at(0), to: at(2), log: LOG });
      expect(await documents.checkpoint(name)).toBe(9n);
      expect(await documents.checkpoint(other)).toBe(2n);
    });

    test('a move from a wrong position is refused, and they stay', async () => {
      const { documents } = backend();
      const name = freshName();
      const lost = documents.moveCheckpoint({ name, from: at(3), to: at(4), log: LOG });
      await expect(lost).rejects.toBeInstanceOf(CheckpointLost);
      expect(await documents.checkpoint(name)).toBe(0n);
      await documents.moveCheckpoint({ name, from: at(0), to: at(5), log: LOG });
      for (const from of [at(0), at(4), at(6)])
        await expect(documents.moveCheckpoint({ name, from, to: at(7), log: LOG })).rejects.toBeInstanceOf(
          CheckpointLost,
        );
      expect(await documents.checkpoint(name)).toBe(5n);
    });

    test('of many that move one at once exactly one does', async () => {
      const { documents, other = documents } = backend();
      const name = freshName();
      const moves = range(20).map((n) =>
        (n % 2 === 0 ? documents : other).moveCheckpoint({ name, from: at(0), to: at(n + 1), log: LOG }),
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
      await documents.moveCheckpoint({ name, from: at(0), to: far, log: LOG });
      expect(await documents.checkpoint(name)).toBe(far);
    });

    test('outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const name = freshName();
      await own.documents.moveCheckpoint({ name, from: at(0), to: at(5), log: LOG });
      const documents = await own.reopen();
      expect(await documents.checkpoint(name)).toBe(5n);
      expect(await documents.reached(name, at(5), 1)).toBe(true);
      await documents.moveCheckpoint({ name, from: at(5), to: at(6), log: LOG });
    });

    test('of another log are refused by name, when they are read and when they are moved, and stay', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const free = freshName();
      const from0 = { from: at(0), to: at(5), log: LOG };
      await documents.write(collection, { checkpoint: from0 });
      await documents.moveCheckpoint({ name: free, ...from0 });
      const next = { from: at(5), to: at(6), log: 'another' };
      const batch = { puts: [stored('a', 6)], checkpoint: next };
      for (const call of [
        () => other.write(collection, batch),
        () => other.moveCheckpoint({ name: free, ...next }),
        () => other.moveCheckpoint({ name: free, ...next, from: at(0) }),
        () => other.checkpoint(free, 'another'),
        () => other.checkpoint(collection.name, 'another'),
      ])
        expect(await failureOf(call())).toBeInstanceOf(CheckpointOfAnotherLog);
      for (const name of [free, collection.name]) expect(await other.checkpoint(name, LOG)).toBe(5n);
      expect(await other.checkpoint(freshName(), 'another')).toBe(0n);
    });

    test('moved under a newer lease are not moved under an older one, which is as if another had moved it', async () => {
      const { documents, other = documents } = backend();
      const collection = screens();
      const free = freshName();
      const under = (fence: bigint, from: number) => ({ from: at(from), to: at(from + 1), log: LOG, fence });
      for (const move of [
        (by: Documents, fence: bigint, from: number) => by.write(collection, { checkpoint: under(fence, from) }),
        (by: Documents, fence: bigint, from: number) => by.moveCheckpoint({ name: free, ...under(fence, from) }),
      ]) {
        await move(documents, 3n, 0);
        await move(documents, 3n, 1);
        await move(other, 4n, 2);
        expect(await failureOf(move(documents, 3n, 3))).toBeInstanceOf(CheckpointLost);
        await move(other, 4n, 3);
      }
      for (const name of [free, collection.name]) expect(await documents.checkpoint(name)).toBe(4n);
    });

    describe('reached', () => {
      test('is true at once where the checkpoint stands there or beyond', async () => {
        const { documents } = backend();
        const name = freshName();
        expect(await documents.reached(name, at(0), 0)).toBe(true);
        await documents.moveCheckpoint({ name, from: at(0), to: at(5), log: LOG });
        expect(await documents.reached(name, at(5), 0)).toBe(true);
        expect(await documents.reached(name, at(1), 0)).toBe(true);
      });

      test('is false when the time is over', async () => {
        const { documents } = backend();
        const name = freshName();
        await documents.moveCheckpoint({ name, from: at(0), to: at(5), log: LOG });
        expect(await documents.reached(name, at(6), 0)).toBe(false);
        expect(await documents.reached(name, at(6), 20)).toBe(false);
      });

      test('waits for it, through whichever connection it moves', async () => {
        const { documents, other = documents } = backend();
        const collection = screens();
        const { name } = collection;
        const waits = [at(3), at(4), at(5)].map((position) => documents.reached(name, position, PATIENCE_MS));
        const tooFar = documents.reached(name, at(9), 50);
        await other.write(collection, { puts: [stored('a', 3)], checkpoint: { from: at(0), to: at(3), log: LOG } });
        expect(await waits[0]).toBe(true);
        await other.write(collection, { checkpoint: { from: at(3), to: at(5), log: LOG } });
        expect(await Promise.all(waits)).toEqual([true, true, true]);
        expect(await tooFar).toBe(false);
      });

      test('many may wait at once', async () => {
        const { documents } = backend();
        const name = freshName();
        const waits = range(200).map((n) => documents.reached(name, at(n + 1), PATIENCE_MS));
        for (const n of range(20))
          await documents.moveCheckpoint({ name, from: at(n * 10), to: at(n * 10 + 10), log: LOG });
        expect(new Set(await Promise.all(waits))).toEqual(new Set([true]));
      });
    });
  });
}
