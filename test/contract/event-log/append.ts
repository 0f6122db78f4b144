import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeEvent } from '../../../src/domain/codec.ts';
import { revisionOf } from '../../../src/domain/position.ts';
import { messageStream } from '../../../src/domain/streams.ts';
import { AppendTooLarge, appendSize, MAX_APPEND_BYTES, type NewEvent } from '../../../src/ports/event-log.ts';
import { aContext, aMessage, aTarget, channelRegistered, channelUpdated } from '../../fixtures/samples.ts';
import type { OpenEventLog } from '../event-log.ts';
import { failureOf, freshName, range, shared } from '../support.ts';
import { anEvent, append, appended, aStream, labels } from './samples.ts';

export function appendContract(open: OpenEventLog): void {
  describe('append', () => {
    const backend = shared(open);

    test('appended events are read back: id, stream, revision, position, event and metadata', async () => {
      const { log } = backend();
      const stream = aStream();
      const event: NewEvent = {
        id: randomUUID(),
        event: channelRegistered({ userId: 'user-1', userName: '海尔 🧊', deviceName: 'a "quoted"\nname\u0000\\' }),
        context: aContext({
          requestId: 'sequence-1',
          actor: { kind: 'terminal', appId: 'app', userId: 'user-1', clientId: 'client-1' },
        }),
      };
      const result = appended(await log.append(stream, [event], 'noStream'));
      expect(result.revision).toBe(0n);
      expect(result.position).toBeGreaterThan(0n);
      expect(await log.readStream(stream)).toEqual([
        {
          id: event.id,
          stream,
          revision: 0n,
          position: result.position,
          event: event.event,
          metadata: { ...event.context, schemaVersion: 1 },
        },
      ]);
    });

    test('a lone surrogate in a text comes back as it was', async () => {
      const { log } = backend();
      const stream = aStream();
      await append(log, stream, ['half \ud83d of a pair']);
      expect(labels(await log.readStream(stream))).toEqual(['half \ud83d of a pair']);
    });

    test('a message with 200 targets fits into one event', async () => {
      const { log } = backend();
      const targets = range(200).map((index) => aTarget({ clientId: `客户端-${index}-${'x'.repeat(50)}` }));
      const event = { type: 'MessageAccepted', data: aMessage({ targets }) } as const;
      const stream = messageStream(freshName());
      appended(await log.append(stream, [{ id: randomUUID(), event, context: aContext() }], 'noStream'));
      expect((await log.readStream(stream))[0]?.event).toEqual(event);
    });

    test('a request counts along with the events that it goes with', async () => {
      const { log } = backend();
      const stream = aStream();
      const record = { key: freshName(), fingerprint: 'f', answer: '汉'.repeat(1_000) };
      const events = ofSize(1, MAX_APPEND_BYTES - appendSize([], record));
      const over = { ...record, answer: `${record.answer}!` };
      expect(await failureOf(log.append(stream, events, 'noStream', { request: over }))).toBeInstanceOf(AppendTooLarge);
      expect(await log.findRequest(record.key)).toBeUndefined();
      appended(await log.append(stream, events, 'noStream', { request: record }));
      expect(await log.findRequest(record.key)).toMatchObject(record);
    });

    test('several events are appended in their order, at consecutive revisions and rising positions', async () => {
      const { log } = backend();
      const stream = aStream();
      const result = await append(log, stream, ['a', 'b', 'c']);
      const events = await log.readStream(stream);
      expect(labels(events)).toEqual(['a', 'b', 'c']);
      expect(events.map(({ revision }) => revision)).toEqual([0n, 1n, 2n]);
      expect(result).toMatchObject({ revision: 2n, position: events[2]?.position });
      const positions = events.map(({ position }) => position);
      expect(positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? 0n))).toBe(true);
    });

    test('an append at the current revision continues the stream', async () => {
      const { log } = backend();
      const stream = aStream();
      const first = await append(log, stream, ['a', 'b']);
      const second = await append(log, stream, ['c'], first.revision);
      expect(second.revision).toBe(2n);
      expect(second.position).toBeGreaterThan(first.position);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b', 'c']);
    });

    test('stream names differ by every character, case included', async () => {
      const { log } = backend();
      const run = freshName();
      const names = ['a', 'A', 'a_', 'a%', 'aX', 'a/b', 'a ', '海', "a'--"];
      for (const name of names) await append(log, aStream(run, name), [name]);
      for (const name of names) expect(labels(await log.readStream(aStream(run, name)))).toEqual([name]);
    });

    describe('a conflict names the expected and the actual revision, and nothing is appended:', () => {
      test('a stream where none was expected', async () => {
        const { log } = backend();
        const stream = aStream();
        await append(log, stream, ['a', 'b']);
        const result = await log.append(stream, [anEvent('x'), anEvent('y')], 'noStream');
        expect(result).toEqual({ type: 'conflict', expected: 'noStream', actual: 1n });
        expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
      });

      test('no stream where one was expected', async () => {
        const { log } = backend();
        const stream = aStream();
        const result = await log.append(stream, [anEvent()], revisionOf(0));
        expect(result).toEqual({ type: 'conflict', expected: 0n, actual: 'noStream' });
        expect(await log.readStream(stream)).toEqual([]);
      });

      test.each([0n, 1n, 3n, 1000n])('revision 2 where %s was expected', async (expected) => {
        const { log } = backend();
        const stream = aStream();
        await append(log, stream, ['a', 'b', 'c']);
        const result = await log.append(stream, [anEvent('x'), anEvent('y')], revisionOf(expected));
        expect(result).toEqual({ type: 'conflict', expected, actual: 2n });
        expect(labels(await log.readStream(stream))).toEqual(['a', 'b', 'c']);
      });
    });

    test('an event that breaks its schema is refused, with all that were to be appended with it', async () => {
      const { log } = backend();
      const stream = aStream();
      const broken = { ...anEvent(), event: channelRegistered({ deviceType: '99' as '01' }) };
      await expect(log.append(stream, [anEvent('fine'), broken], 'noStream')).rejects.toThrow();
      expect(await log.readStream(stream)).toEqual([]);
      await append(log, stream, ['later']);
      expect(labels(await log.readStream(stream))).toEqual(['later']);
    });

    test.each([1, 2])(
      'up to its limit in bytes it is taken whole, and beyond it not at all (events: %i)',
      async (n) => {
        const { log, other = log } = backend();
        const [fits, over] = [aStream(), aStream()];
        const events = ofSize(n, MAX_APPEND_BYTES);
        expect(appended(await log.append(fits, events, 'noStream')).revision).toBe(BigInt(n - 1));
        expect((await other.readStream(fits)).map(({ event }) => event)).toEqual(events.map(({ event }) => event));
        const error = await failureOf(log.append(over, ofSize(n, MAX_APPEND_BYTES + 1), 'noStream'));
        expect(error).toBeInstanceOf(AppendTooLarge);
        expect(await log.readStream(over)).toEqual([]);
      },
    );

    test('answered appends and their content outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const run = freshName();
      const first = await append(own.log, aStream(run, 'a'), ['a', 'b'], 'noStream', {
        content: { id: run, text: 'kept' },
      });
      const log = await own.reopen();
      const { other = log, otherContents } = own;
      for (const reader of [log, other]) {
        const events = await reader.readStream(aStream(run, 'a'));
        expect(labels(events)).toEqual(['a', 'b']);
        expect(events[1]).toMatchObject(first);
      }
      if (otherContents !== undefined) expect(await otherContents.get(run)).toBe('kept');
      const second = await append(log, aStream(run, 'a'), ['c'], first.revision);
      expect(second.position).toBeGreaterThan(first.position);
    });
  });
}

/** Events of exactly so many bytes in all, the last one filled up with characters of one and of three. */
function ofSize(count: number, bytes: number): NewEvent[] {
  const events = range(count).map(() => anEvent('海'));
  const small = appendSize(events.map(({ event, context }) => encodeEvent(event, context)));
  const last = { ...anEvent(), event: channelUpdated({ deviceName: `海${'x'.repeat(bytes - small)}` }) };
  return [...events.slice(1), last];
}
