import { describe, expect, onTestFinished, test } from 'vitest';
import { START } from '../../../src/domain/position.ts';
import { MAX_READ_AHEAD } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { eventually, freshName, gate, range, shared } from '../support.ts';
import { read } from './reader.ts';
import { append, aStream, labels } from './samples.ts';

export function backPressureContract(open: OpenEventLog): void {
  describe('a reader that is held up', () => {
    const backend = shared(open);

    /** Several times the events that may be read ahead. */
    async function appendMany(log: ReturnType<typeof backend>['log'], run: string, name: string): Promise<void> {
      for (const n of range(40))
        await append(
          log,
          aStream(run, `-${name}-${n}`),
          range(100).map((m) => `${n}.${m}`),
        );
    }

    test('gets everything afterwards', async () => {
      const { log } = backend();
      const run = freshName();
      const registrations = { prefixes: [`registration-${run}`] };
      await append(log, aStream(run), range(300).map(String));
      const hold = gate();
      const reader = read(log, START, registrations, () => hold.opened);
      await eventually(() => expect(reader.events.length).toBeGreaterThan(0));
      const seen = reader.events.length;
      for (const n of range(10))
        await append(
          log,
          aStream(run, `-${n}`),
          range(100).map((m) => `${n}.${m}`),
        );
      expect(reader.events).toHaveLength(seen);
      hold.open();
      await eventually(() => expect(reader.events.length).toBeGreaterThanOrEqual(1300));
      expect(reader.events).toEqual(await log.readAll(START, registrations, 2000));
      await reader.stop();
    });

    test('is not read ahead of without bound, neither in the history nor in new events', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      const { log, other, decoded } = own;
      if (other === undefined || decoded === undefined) return context.skip();
      const run = freshName();
      const registrations = { prefixes: [`registration-${run}`] };
      await appendMany(log, run, 'before');
      const hold = gate();
      const held = read(log, START, registrations, () => hold.opened);
      await eventually(() => expect(held.events.length).toBeGreaterThan(0));
      const batch = held.events.length;
      expect(batch).toBeLessThanOrEqual(MAX_READ_AHEAD);

      // Once another reader has read everything, one that reads ahead has too.
      const free = read(other, START, registrations);
      await eventually(() => expect(free.events).toHaveLength(4000));
      await appendMany(log, run, 'meanwhile');
      await eventually(() => expect(free.events).toHaveLength(8000));
      expect(held.events).toHaveLength(batch);
      expect(decoded()).toBeLessThanOrEqual(batch + MAX_READ_AHEAD);

      hold.open();
      await eventually(() => expect(held.events.length).toBeGreaterThanOrEqual(8000));
      expect(labels(held.events)).toEqual(labels(free.events));
    });
  });
}
