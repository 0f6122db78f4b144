import { describe, expect, test } from 'vitest';
import { type Position, START } from '../../../src/domain/position.ts';
import { receiptStream } from '../../../src/domain/streams.ts';
import type { LogBatch, LogFilter } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { eventually, freshName, gate, range, shared } from '../support.ts';
import { read } from './reader.ts';
import { anEvent, append, aStream, labels } from './samples.ts';

/** How soon a subscriber that waits must see an append. */
const PROMPTLY_MS = 1000;

export function subscribeContract(open: OpenEventLog): void {
  describe('subscribe', () => {
    const backend = shared(open);
    const registrations = (run: string): LogFilter => ({ prefixes: [`registration-${run}`] });

    test('says that it has caught up although there is nothing to read', async () => {
      const reader = read(backend().log, START, registrations(freshName()));
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      expect(reader.events).toEqual([]);
      await reader.stop();
    });

    test('gives the existing events, says that it has caught up, then gives new ones', async () => {
      const { log } = backend();
      const run = freshName();
      for (const n of range(12))
        await append(
          log,
          aStream(run, `${n}`),
          range(100).map((m) => `${n}.${m}`),
        );
      const history = range(12).flatMap((n) => range(100).map((m) => `${n}.${m}`));
      const reader = read(log, START, registrations(run));
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      expect(labels(reader.beforeCaughtUp())).toEqual(history);
      await append(log, aStream(run, 'live'), ['x', 'y']);
      await append(log, aStream(run, 'live-too'), ['z']);
      await eventually(() => expect(labels(reader.events)).toEqual([...history, 'x', 'y', 'z']));
      expect(reader.events).toEqual(await log.readAll(START, registrations(run), 2000));
      await reader.stop();
    });

    test('wakes promptly on an append, through whichever connection it came', async () => {
      const { log, other = log } = backend();
      const run = freshName();
      const reader = read(log, START, registrations(run));
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      for (const n of range(6)) {
        await append(n % 2 === 0 ? log : other, aStream(run, `${n}`), [`${n}`]);
        await eventually(() => expect(reader.events).toHaveLength(n + 1), PROMPTLY_MS);
      }
      await reader.stop();
    });

    test('none is missing, twice or out of order while many append at once', async () => {
      const { log, other = log } = backend();
      const run = freshName();
      const early = read(log, START, registrations(run));
      const half = gate();
      const appends = Promise.all(
        range(20).map(async (n) => {
          const via = n % 2 === 0 ? log : other;
          let last = await append(via, aStream(run, `-${n}`), [`${n}.0`]);
          for (const m of range(14)) {
            last = await append(via, aStream(run, `-${n}`), [`${n}.${m + 1}`], last.revision);
            if (m === 7) half.open();
          }
        }),
      );
      await half.opened;
      const late = read(log, START, registrations(run));
      await appends;
      const whole = await log.readAll(START, registrations(run), 1000);
      expect(whole).toHaveLength(300);
      for (const reader of [early, late]) {
        await eventually(() => expect(reader.events.length).toBeGreaterThanOrEqual(300));
        expect(reader.events).toEqual(whole);
        await reader.stop();
      }
    });

    test('resumes after any position', async () => {
      const { log } = backend();
      const run = freshName();
      for (const n of range(6)) await append(log, aStream(run, `${n}`), [`${n}a`, `${n}b`]);
      const whole = await log.readAll(START, registrations(run), 100);
      for (const index of [0, 5, 10, 11]) {
        const reader = read(log, whole[index]?.position ?? START, registrations(run));
        await eventually(() => expect(reader.caughtUp()).toBe(true));
        expect(reader.events).toEqual(whole.slice(index + 1));
        await reader.stop();
      }
    });

    test('filters live events by prefix and type as readAll does', async () => {
      const { log } = backend();
      const run = freshName();
      const reader = read(log, START, {
        prefixes: [`registration-${run}_`, `receipt-${run}`],
        types: ['ChannelUpdated'],
      });
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      await append(log, aStream(run, 'x-not'), ['other prefix']);
      const data = { msgId: run, clientId: 'client', appPackage: 'com.example.phone' };
      const answered = { ...anEvent(), event: { type: 'MessageAnswered', data } } as const;
      await log.append(receiptStream(run, 'client'), [answered], 'noStream');
      await append(log, aStream(run, '_yes'), ['wanted']);
      await eventually(() => expect(labels(reader.events)).toEqual(['wanted']));
      await reader.stop();
    });

    test('several readers see the same', async () => {
      const { log } = backend();
      const run = freshName();
      const readers = range(5).map(() => read(log, START, registrations(run)));
      await Promise.all(range(10).map((n) => append(log, aStream(run, `${n}`), [`${n}`])));
      const whole = await log.readAll(START, registrations(run), 100);
      for (const reader of readers) {
        await eventually(() => expect(reader.events).toEqual(whole));
        await reader.stop();
      }
    });

    test('says how far it has read: never back, and a reader that begins there misses nothing', async () => {
      const { log } = backend();
      const run = freshName();
      const batches: LogBatch[] = [];
      const abort = new AbortController();
      for (const n of range(3)) {
        await append(log, aStream(run, `-wanted-${n}`), [`${n}a`, `${n}b`]);
        await append(log, aStream(run, `-other-${n}`), range(700).map(String));
      }
      const wanted = registrations(`${run}-wanted`);
      const others = await log.head();
      for await (const batch of log.subscribe(START, wanted, abort.signal)) {
        batches.push(batch);
        // At the latest a while after the end of the log.
        if (batch.caughtUp && batch.scanned >= others) abort.abort();
      }
      let before = START;
      for (const [index, { events, scanned }] of batches.entries()) {
        expect(scanned).toBeGreaterThanOrEqual(before);
        for (const { position } of events) expect(position).toBeLessThanOrEqual(scanned);
        before = scanned;
        const rest = batches.slice(index + 1).flatMap((later) => later.events);
        expect(await log.readAll(scanned, wanted, 100)).toEqual(rest);
      }
      // It has seen the end of the log, where the last of the others stand.
      expect(before).toBeGreaterThan(batches.flatMap(({ events }) => events).at(-1)?.position ?? START);
    });

    test('says soon that it has passed over what others have appended, also behind its own last event', async () => {
      const { log } = backend();
      const run = freshName();
      const abort = new AbortController();
      let scanned = START;
      const reading = (async () => {
        for await (const batch of log.subscribe(START, registrations(`${run}-wanted`), abort.signal))
          scanned = batch.scanned;
      })();
      await append(log, aStream(run, '-wanted'), ['a']);
      const first = await append(log, aStream(run, '-other-1'), ['b']);
      await eventually(() => expect(scanned).toBeGreaterThanOrEqual(first.position));
      const second = await append(log, aStream(run, '-other-2'), ['c']);
      await eventually(() => expect(scanned).toBeGreaterThanOrEqual(second.position));
      abort.abort();
      await reading;
    });

    test('does not tell of each event of others', async () => {
      const { log } = backend();
      const run = freshName();
      const abort = new AbortController();
      const told: Position[] = [];
      const reading = (async () => {
        for await (const { events, scanned } of log.subscribe(START, registrations(`${run}-wanted`), abort.signal))
          if (events.length === 0 && scanned > (told.at(-1) ?? START)) told.push(scanned);
      })();
      const startedAt = performance.now();
      let last = START;
      for (const index of range(60)) last = (await append(log, aStream(run, `-other-${index}`), ['b'])).position;
      await eventually(() => expect(told.at(-1)).toBeGreaterThanOrEqual(last));
      expect(told.length).toBeLessThanOrEqual(3 + Math.ceil((performance.now() - startedAt) / 1000));
      abort.abort();
      await reading;
    });

    describe('ends without an error when the signal aborts', () => {
      test('while it waits', async () => {
        const reader = read(backend().log, START, registrations(freshName()));
        await eventually(() => expect(reader.caughtUp()).toBe(true));
        await expect(reader.stop()).resolves.toBeUndefined();
      });

      test('before it began', async () => {
        const { log } = backend();
        const run = freshName();
        await append(log, aStream(run), ['a']);
        const batches: LogBatch[] = [];
        for await (const batch of log.subscribe(START, registrations(run), AbortSignal.abort())) batches.push(batch);
        expect(batches.flatMap(({ events }) => events)).toEqual([]);
      });

      test('in the middle of the history', async () => {
        const { log } = backend();
        const run = freshName();
        await append(log, aStream(run), range(500).map(String));
        const abort = new AbortController();
        let seen = 0;
        for await (const batch of log.subscribe(START, registrations(run), abort.signal)) {
          seen += batch.events.length;
          if (seen > 0) abort.abort();
        }
        expect(seen).toBeGreaterThan(0);
      });
    });

    test('a reader may stop early, and the log is as usable as before', async () => {
      const { log } = backend();
      const run = freshName();
      await append(log, aStream(run), ['a']);
      const abort = new AbortController();
      for await (const batch of log.subscribe(START, registrations(run), abort.signal))
        if (batch.events.length > 0) break;
      await append(log, aStream(run, 'b'), ['b']);
      const reader = read(log, START, registrations(run));
      await eventually(() => expect(labels(reader.events)).toEqual(['a', 'b']));
      await reader.stop();
    });
  });
}
