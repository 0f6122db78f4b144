import { describe, expect, test } from 'vitest';
import { START } from '../../../src/domain/position.ts';
import type { OpenEventLog } from '../event-log.ts';
import { eventually, freshName, range, shared } from '../support.ts';
import { read } from './reader.ts';
import { anEvent, append, aStream, labels } from './samples.ts';

export function otherConnectionContract(open: OpenEventLog): void {
  describe('the events of one connection, another', () => {
    const backend = shared(open);

    /** The two connections, each in the part of the writer. */
    function pairs() {
      const { log, other = log } = backend();
      return [
        { writer: log, reader: other },
        { writer: other, reader: log },
      ];
    }
    const registrations = (run: string) => ({ prefixes: [`registration-${run}`] });

    test('reads as soon as it was answered: the stream, the log, its head', async () => {
      for (const { writer, reader } of pairs())
        for (const _ of range(20)) {
          const run = freshName();
          const before = await reader.head();
          const { position } = await append(writer, aStream(run), ['a', 'b']);
          expect(labels(await reader.readStream(aStream(run)))).toEqual(['a', 'b']);
          expect(labels(await reader.readAll(before, registrations(run), 10))).toEqual(['a', 'b']);
          expect(await reader.head()).toBeGreaterThanOrEqual(position);
        }
    });

    test('reads at once also while many append and read', async () => {
      await Promise.all(
        range(20)
          .flatMap(pairs)
          .map(async ({ writer, reader }) => {
            const stream = aStream();
            let last = await append(writer, stream, ['0']);
            for (const m of range(10)) {
              expect(await reader.readStream(stream)).toHaveLength(m + 1);
              last = await append(writer, stream, [`${m + 1}`], last.revision);
            }
          }),
      );
    });

    test('decides on: a conflict, and the same append again', async () => {
      for (const { writer, reader } of pairs()) {
        const stream = aStream();
        const events = [anEvent('a'), anEvent('b')];
        const first = await writer.append(stream, events, 'noStream');
        expect(await reader.append(stream, events, 'noStream')).toEqual(first);
        const conflict = { type: 'conflict', expected: 'noStream', actual: 1n };
        expect(await reader.append(stream, [anEvent('c')], 'noStream')).toEqual(conflict);
        expect(labels(await reader.readStream(stream))).toEqual(['a', 'b']);
      }
    });

    test('knows the request of, and answers its duplicate', async () => {
      for (const { writer, reader } of pairs()) {
        const request = { key: freshName(), fingerprint: 'f'.repeat(64), answer: '{"retCode":"00000"}' };
        const { position } = await append(writer, aStream(), ['a'], 'noStream', { request });
        const earlier = { ...request, position };
        expect(await reader.findRequest(request.key)).toEqual(earlier);
        const stream = aStream();
        const duplicate = await reader.append(stream, [anEvent()], 'noStream', { request });
        expect(duplicate).toEqual({ type: 'duplicateRequest', earlier });
        expect(await reader.readStream(stream)).toEqual([]);
      }
    });

    test('follows: existing events, then new ones', async () => {
      for (const { writer, reader } of pairs()) {
        const run = freshName();
        await append(writer, aStream(run, 'a'), ['a']);
        const following = read(reader, START, registrations(run));
        await eventually(() => expect(following.caughtUp()).toBe(true));
        expect(labels(following.beforeCaughtUp())).toEqual(['a']);
        await append(writer, aStream(run, 'b'), ['b', 'c']);
        await eventually(() => expect(labels(following.events)).toEqual(['a', 'b', 'c']));
        expect(following.events).toEqual(await writer.readAll(START, registrations(run), 10));
        await following.stop();
      }
    });
  });
}
