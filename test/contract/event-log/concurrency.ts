import { describe, expect, test } from 'vitest';
import { type Revision, START } from '../../../src/domain/position.ts';
import type { ExpectedRevision } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, range, shared } from '../support.ts';
import { anEvent, append, appended, aStream, labels } from './samples.ts';

export function concurrencyContract(open: OpenEventLog): void {
  describe('appends that run at once', () => {
    const backend = shared(open);

    test('200 that expect no stream have one winner, the others learn its revision', async () => {
      const { log, other = log } = backend();
      const stream = aStream();
      const via = [log, other];
      const results = await Promise.all(
        range(200).map((n) => (via[n % 2] ?? log).append(stream, [anEvent(`${n}`)], 'noStream')),
      );
      const winners = range(200).filter((n) => results[n]?.type === 'appended');
      expect(winners).toHaveLength(1);
      expect(labels(await log.readStream(stream))).toEqual(winners.map(String));
      const others = results.filter(({ type }) => type !== 'appended');
      expect(others).toEqual(others.map(() => ({ type: 'conflict', expected: 'noStream', actual: 0n })));
    });

    test('every revision of a stream has one winner among 20 rivals', async () => {
      const { log } = backend();
      const stream = aStream();
      let expected: ExpectedRevision = 'noStream';
      const won: string[] = [];
      for (const round of range(10)) {
        const at = expected;
        const results = await Promise.all(range(20).map((n) => log.append(stream, [anEvent(`${round}:${n}`)], at)));
        const winners = range(20).filter((n) => results[n]?.type === 'appended');
        expect(winners).toHaveLength(1);
        won.push(`${round}:${winners[0]}`);
        expected = BigInt(round) as Revision;
      }
      expect(labels(await log.readStream(stream))).toEqual(won);
    });

    test('a writer that tries again at the revision found gets in, each once', async () => {
      const { log } = backend();
      const stream = aStream();
      const write = async (label: string): Promise<void> => {
        const event = anEvent(label);
        let expected: ExpectedRevision = 'noStream';
        // Of 15 writers one gets in at each revision, so the last needs 15 tries.
        for (const _ of range(15)) {
          const result = await log.append(stream, [event], expected);
          if (result.type === 'appended') return;
          if (result.type !== 'conflict' || result.actual === 'deleted') throw new Error(result.type);
          expected = result.actual;
        }
        throw new Error('did not get in');
      };
      await Promise.all(range(15).map((n) => write(`${n}`)));
      const events = await log.readStream(stream);
      expect(labels(events).sort()).toEqual(range(15).map(String).sort());
      expect(events.map(({ revision }) => revision)).toEqual(range(15).map(BigInt));
    });

    test('rivals never mix their events', async () => {
      const { log } = backend();
      const stream = aStream();
      await Promise.all(
        range(20).map((n) =>
          log.append(
            stream,
            [1, 2, 3].map(() => anEvent(`${n}`)),
            'noStream',
          ),
        ),
      );
      const found = labels(await log.readStream(stream));
      expect(found).toHaveLength(3);
      expect(new Set(found).size).toBe(1);
    });

    test('to 300 streams are all readable, and the log has them in the order of their positions', async () => {
      const { log } = backend();
      const run = freshName();
      const results = await Promise.all(
        range(300).map((n) => append(log, aStream(run, `-${n}`), [`${n}.0`, `${n}.1`])),
      );
      for (const n of range(300))
        expect(labels(await log.readStream(aStream(run, `-${n}`)))).toEqual([`${n}.0`, `${n}.1`]);
      const all = await log.readAll(START, { prefixes: [`registration-${run}`] }, 1000);
      const byPosition = range(300).sort((a, b) => Number(positionAt(a) - positionAt(b)));
      expect(labels(all).filter((label) => label?.endsWith('.1'))).toEqual(byPosition.map((n) => `${n}.1`));
      expect(new Set(all.map(({ position }) => position)).size).toBe(600);
      expect(await log.head()).toBeGreaterThanOrEqual(all.at(-1)?.position ?? START);

      function positionAt(n: number): bigint {
        return appended({ type: 'appended', ...(results[n] as (typeof results)[number]) }).position;
      }
    });
  });
}
