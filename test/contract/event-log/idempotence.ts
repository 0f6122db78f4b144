import { describe, expect, onTestFinished, test } from 'vitest';
import { revisionOf } from '../../../src/domain/position.ts';
import type { OpenEventLog } from '../event-log.ts';
import { range, shared } from '../support.ts';
import { anEvent, append, appended, aStream, labels } from './samples.ts';

export function idempotenceContract(open: OpenEventLog): void {
  describe('the same append again', () => {
    const backend = shared(open);

    test('changes nothing and answers like the first time', async () => {
      const { log } = backend();
      const stream = aStream();
      const events = [anEvent('a'), anEvent('b')];
      const first = await log.append(stream, events, 'noStream');
      expect(await log.append(stream, events, 'noStream')).toEqual(first);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
    });

    test('does so also at a revision', async () => {
      const { log } = backend();
      const stream = aStream();
      const { revision } = await append(log, stream, ['a']);
      const events = [anEvent('b'), anEvent('c')];
      const first = await log.append(stream, events, revision);
      expect(await log.append(stream, events, revision)).toEqual(first);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b', 'c']);
    });

    test('does so also when the stream has moved on since', async () => {
      const { log } = backend();
      const stream = aStream();
      const events = [anEvent('a'), anEvent('b')];
      const first = appended(await log.append(stream, events, 'noStream'));
      await append(log, stream, ['c', 'd'], first.revision);
      expect(await log.append(stream, events, 'noStream')).toEqual(first);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b', 'c', 'd']);
    });

    test('does so also when both run at once', async () => {
      const { log } = backend();
      const stream = aStream();
      const events = [anEvent('a'), anEvent('b')];
      const results = await Promise.all(range(10).map(() => log.append(stream, events, 'noStream')));
      for (const result of results) expect(result).toEqual({ ...results[0], type: 'appended', revision: 1n });
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
    });

    test('does so also after the backend was reopened', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const stream = aStream();
      const events = [anEvent('a'), anEvent('b')];
      const first = appended(await own.log.append(stream, events, 'noStream'));
      await append(own.log, stream, ['c'], first.revision);
      const log = await own.reopen();
      expect(await log.append(stream, events, 'noStream')).toEqual(first);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b', 'c']);
    });

    test('with another event in it is a conflict', async () => {
      const { log } = backend();
      const stream = aStream();
      const known = anEvent('a');
      await log.append(stream, [known, anEvent('b')], 'noStream');
      const result = await log.append(stream, [known, anEvent('x')], 'noStream');
      expect(result).toEqual({ type: 'conflict', expected: 'noStream', actual: 1n });
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
    });

    test('with more events than were there is a conflict', async () => {
      const { log } = backend();
      const stream = aStream();
      const known = anEvent('a');
      await log.append(stream, [known], 'noStream');
      const result = await log.append(stream, [known, anEvent('x')], 'noStream');
      expect(result).toEqual({ type: 'conflict', expected: 'noStream', actual: 0n });
      expect(labels(await log.readStream(stream))).toEqual(['a']);
    });

    test('at a revision that it was not appended at is a conflict, once the stream has moved on', async () => {
      const { log } = backend();
      const stream = aStream();
      const known = anEvent('b');
      const { revision } = await append(log, stream, ['a']);
      appended(await log.append(stream, [known], revision));
      await append(log, stream, ['c'], revisionOf(1));
      expect(await log.append(stream, [known], revisionOf(1))).toEqual({ type: 'conflict', expected: 1n, actual: 2n });
      expect(await log.append(stream, [known], 'noStream')).toEqual({
        type: 'conflict',
        expected: 'noStream',
        actual: 2n,
      });
    });

    test('into another stream is an append of its own', async () => {
      const { log } = backend();
      const event = anEvent('a');
      const [first, second] = [aStream(), aStream()];
      appended(await log.append(first, [event], 'noStream'));
      appended(await log.append(second, [event], 'noStream'));
      expect(labels(await log.readStream(first))).toEqual(['a']);
      expect(labels(await log.readStream(second))).toEqual(['a']);
    });
  });
}
