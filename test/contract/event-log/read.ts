import { describe, expect, test } from 'vitest';
import { type Position, revisionOf, START } from '../../../src/domain/position.ts';
import { receiptStream } from '../../../src/domain/streams.ts';
import type { EventLog, LogFilter, NewEvent, RecordedEvent } from '../../../src/ports/event-log.ts';
import { aContext } from '../../fixtures/samples.ts';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, range, shared } from '../support.ts';
import { anEvent, append, appended, aStream, labels } from './samples.ts';

export function readContract(open: OpenEventLog): void {
  describe('reading', () => {
    const backend = shared(open);
    const registrations = (run: string) => ({ prefixes: [`registration-${run}`] });

    test('a stream that does not exist is empty', async () => {
      expect(await backend().log.readStream(aStream())).toEqual([]);
    });

    test('a long stream is read whole', async () => {
      const { log } = backend();
      const stream = aStream();
      let last = await append(log, stream, ['0']);
      for (const part of range(15)) {
        const texts = range(100).map((n) => `${1 + part * 100 + n}`);
        last = await append(log, stream, texts, last.revision);
      }
      expect(labels(await log.readStream(stream))).toEqual(range(1501).map(String));
    });

    test('a stream is read on from a revision', async () => {
      const { log } = backend();
      const stream = aStream();
      const { revision } = await append(log, stream, range(5).map(String));
      const whole = await log.readStream(stream);
      for (const index of [0, 3]) {
        const after = whole[index]?.revision ?? revision;
        expect(await log.readStream(stream, after)).toEqual(whole.slice(index + 1));
      }
      expect(await log.readStream(stream, revision)).toEqual([]);
      expect(await log.readStream(stream, revisionOf(1000))).toEqual([]);
      expect(await log.readStream(aStream(), revisionOf(0))).toEqual([]);
    });

    test('the newest events of a stream come in its order', async () => {
      const { log, other = log } = backend();
      const stream = aStream();
      await append(log, stream, range(5).map(String));
      for (const via of [log, other]) {
        expect(labels(await via.readNewest(stream, 1))).toEqual(['4']);
        expect(labels(await via.readNewest(stream, 3))).toEqual(['2', '3', '4']);
        expect(await via.readNewest(stream, 100)).toEqual(await via.readStream(stream));
        expect(await via.readNewest(aStream(), 3)).toEqual([]);
      }
    });

    test('the whole log comes in order of positions, each event as its stream has it', async () => {
      const { log } = backend();
      const run = freshName();
      await append(log, aStream(run, 'a'), ['a0']);
      const b = await append(log, aStream(run, 'b'), ['b0', 'b1']);
      await append(log, aStream(run, 'a'), ['a1'], 0n as typeof b.revision);
      const all = await log.readAll(START, registrations(run), 100);
      expect(labels(all)).toEqual(['a0', 'b0', 'b1', 'a1']);
      expect(all.filter(({ stream }) => stream === aStream(run, 'a'))).toEqual(await log.readStream(aStream(run, 'a')));
    });

    test('"after" is exclusive, and beyond the end there is nothing', async () => {
      const { log } = backend();
      const run = freshName();
      await append(log, aStream(run), ['a', 'b', 'c']);
      const all = await log.readAll(START, registrations(run), 100);
      expect(labels(await log.readAll(positionAt(all, 0), registrations(run), 100))).toEqual(['b', 'c']);
      expect(labels(await log.readAll(positionAt(all, 2), registrations(run), 100))).toEqual([]);
    });

    test('pages of any limit put together are the whole', async () => {
      const { log } = backend();
      const run = freshName();
      for (const n of range(7))
        await append(
          log,
          aStream(run, `${n}`),
          range(10).map((m) => `${n}${m}`),
        );
      const whole = await log.readAll(START, registrations(run), 100);
      expect(whole).toHaveLength(70);
      for (const limit of [1, 7, 69, 70, 71]) expect(await readPages(log, registrations(run), limit)).toEqual(whole);
    });

    test('a page has fewer events than its limit only at the end, however few of the log it is made of', async () => {
      const { log } = backend();
      const run = freshName();
      for (const n of range(12))
        await append(
          log,
          aStream(run, n % 3 === 0 ? `-wanted-${n}` : `-other-${n}`),
          range(10).map((m) => `${n}.${m}`),
        );
      const receipts = range(3).map((n) => receipt(`${run}-${n}`, 'MessageDisplayed'));
      for (const [n, each] of receipts.entries())
        await log.append(receiptStream(`${run}-${n}`, 'client'), [each], 'noStream');
      const wanted: LogFilter = { prefixes: [`registration-${run}-wanted`, `receipt-${run}`] };
      const typed: LogFilter = { ...wanted, types: ['ChannelUpdated', 'MessageDisplayed'] };
      for (const filter of [wanted, typed])
        for (const limit of [1, 6, 7, 43, 44]) {
          const sizes = await pageSizes(log, filter, limit);
          expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(43);
          expect(sizes.slice(0, -1).filter((size) => size !== limit)).toEqual([]);
          expect(sizes.at(-1)).toBeLessThan(limit);
        }
    });

    test('a prefix is taken literally: no character is a wildcard, and case counts', async () => {
      const { log } = backend();
      const run = freshName();
      for (const name of ['_x', 'yx', '-X', '-x', 'é', 'è']) await append(log, aStream(run, name), [name]);
      const read = async (...names: string[]) =>
        labels(await log.readAll(START, { prefixes: names.map((name) => `registration-${run}${name}`) }, 100));
      expect(await read('_x')).toEqual(['_x']);
      expect(await read('-x')).toEqual(['-x']);
      expect(await read('%C3%A9')).toEqual(['é']);
      expect(await read('%')).toEqual(['é', 'è']);
      expect(await read('-x', 'yx')).toEqual(['yx', '-x']);
      expect(await read('-', '-x', '-X')).toEqual(['-X', '-x']);
      expect(await read('*')).toEqual([]);
    });

    test('prefixes of several kinds of streams and types of events narrow it down together', async () => {
      const { log } = backend();
      const run = freshName();
      await append(log, aStream(run), ['a']);
      const receipts = (['MessageReceived', 'MessageDisplayed'] as const).map((type) => receipt(run, type));
      appended(await log.append(receiptStream(run, 'client'), receipts, 'noStream'));
      const both = { prefixes: [`registration-${run}`, `receipt-${run}`] };
      expect(labels(await log.readAll(START, both, 100))).toEqual(['a', 'MessageReceived', 'MessageDisplayed']);
      const displayed = { ...both, types: ['MessageDisplayed'] as const };
      expect(labels(await log.readAll(START, displayed, 100))).toEqual(['MessageDisplayed']);
      const otherTypes = { prefixes: [`receipt-${run}`], types: ['ChannelUpdated', 'MessageAnswered'] as const };
      expect(await log.readAll(START, otherTypes, 100)).toEqual([]);
      expect(labels(await log.readAll(START, { ...both, types: ['ChannelUpdated', 'MessageReceived'] }, 100))).toEqual([
        'a',
        'MessageReceived',
      ]);
    });

    test('the limit counts the events that pass the filter', async () => {
      const { log } = backend();
      const run = freshName();
      for (const n of range(20)) await append(log, aStream(run, n === 19 ? '-wanted' : `-other-${n}`), [`${n}`]);
      expect(labels(await log.readAll(START, registrations(`${run}-wanted`), 1))).toEqual(['19']);
    });

    test('an answered append is read at once', async () => {
      const { log } = backend();
      for (const _ of range(50)) {
        const stream = aStream();
        const { position } = await append(log, stream, ['a']);
        expect(labels(await log.readStream(stream))).toEqual(['a']);
        expect(await log.head()).toBeGreaterThanOrEqual(position);
      }
    });

    test('the head of the log is at or beyond every answered append and never goes back', async () => {
      const { log } = backend();
      const before = await log.head();
      const { position } = await append(log, aStream(), ['a', 'b']);
      expect(position).toBeGreaterThan(before);
      const head = await log.head();
      expect(head).toBeGreaterThanOrEqual(position);
      await log.append(aStream(), [anEvent()], 0n as Parameters<EventLog['append']>[2]);
      expect(await log.head()).toBeGreaterThanOrEqual(head);
    });
  });
}

function receipt(msgId: string, type: 'MessageReceived' | 'MessageDisplayed'): NewEvent {
  const data = { msgId, clientId: 'client', appPackage: 'com.example.phone' };
  return { ...anEvent(), event: { type, data }, context: aContext({ correlationId: msgId }) };
}

function positionAt(events: readonly RecordedEvent[], index: number): Position {
  return events[index]?.position ?? START;
}

async function readPages(log: EventLog, filter: { prefixes: string[] }, limit: number): Promise<RecordedEvent[]> {
  const read: RecordedEvent[] = [];
  for (;;) {
    const page = await log.readAll(read.at(-1)?.position ?? START, filter, limit);
    if (page.length === 0) return read;
    expect(page.length).toBeLessThanOrEqual(limit);
    expect(page[0]?.position).toBeGreaterThan(read.at(-1)?.position ?? START);
    read.push(...page);
  }
}

/** Of the pages up to the first that is not full. */
async function pageSizes(log: EventLog, filter: LogFilter, limit: number): Promise<number[]> {
  const sizes: number[] = [];
  let after = START;
  do {
    const page = await log.readAll(after, filter, limit);
    sizes.push(page.length);
    after = page.at(-1)?.position ?? after;
  } while (sizes.at(-1) === limit);
  return sizes;
}
