import { describe, expect, onTestFinished, test } from 'vitest';
import { UndecodableEvent } from '../../../src/domain/codec.ts';
import { START } from '../../../src/domain/position.ts';
import type { OpenEventLog } from '../event-log.ts';
import { eventually, failureOf, freshName, gate, range } from '../support.ts';
import { read } from './reader.ts';
import { append, aStream, labels, POISON } from './samples.ts';

export function poisonContract(open: OpenEventLog): void {
  describe('an event that no schema fits', () => {
    /** One good event, then the poison, each in its stream. */
    async function poisoned() {
      const own = await open();
      onTestFinished(own.close);
      const run = freshName();
      if (own.poison === undefined) return undefined;
      await append(own.log, aStream(run, '-good'), ['good']);
      await own.poison(aStream(run, '-bad'));
      return { log: own.log, run, all: { prefixes: [`registration-${run}`] } };
    }

    test('stops every reader of its stream, and the error does not contain the data', async (context) => {
      const rig = await poisoned();
      if (rig === undefined) return context.skip();
      const error = await failureOf(rig.log.readStream(aStream(rig.run, '-bad')));
      expect(error).toBeInstanceOf(UndecodableEvent);
      expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(POISON);
    });

    test('stops a reader of the log that reaches it, and no other', async (context) => {
      const rig = await poisoned();
      if (rig === undefined) return context.skip();
      await expect(rig.log.readAll(START, rig.all, 10)).rejects.toThrow(UndecodableEvent);
      const good = await rig.log.readAll(START, { prefixes: [`registration-${rig.run}-good`] }, 10);
      expect(labels(good)).toEqual(['good']);
      expect(await rig.log.readAll(START, { ...rig.all, types: ['ChannelUnregistered'] }, 10)).toEqual([]);
    });

    test('stops a subscriber loudly instead of being skipped, also when it comes again', async (context) => {
      const rig = await poisoned();
      if (rig === undefined) return context.skip();
      for (const _ of [1, 2]) {
        const reader = read(rig.log, START, rig.all);
        await eventually(() => expect(reader.failure()).toBeInstanceOf(UndecodableEvent));
        expect(labels(reader.events)).toEqual(['good']);
      }
    });

    test('lets the events before it through: to a subscriber, and to a reader of the log with a smaller limit', async (context) => {
      const rig = await poisoned();
      if (rig === undefined) return context.skip();
      for (const n of range(3)) await append(rig.log, aStream(rig.run, `-later-${n}`), ['later']);
      const page = await rig.log.readAll(START, rig.all, 1);
      expect(labels(page)).toEqual(['good']);
      await expect(rig.log.readAll(page[0]?.position ?? START, rig.all, 1)).rejects.toThrow(UndecodableEvent);
      const reader = read(rig.log, START, rig.all);
      await eventually(() => expect(reader.failure()).toBeInstanceOf(UndecodableEvent));
      expect(labels(reader.events)).toEqual(['good']);
    });

    test('stops a subscriber that was waiting, after the events before it', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.poison === undefined) return context.skip();
      const run = freshName();
      const hold = gate();
      const reader = read(own.log, START, { prefixes: [`registration-${run}`] }, () => hold.opened);
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      // All of it has come when the reader looks again.
      await append(own.log, aStream(run, '-1'), ['good', 'too']);
      await own.poison(aStream(run, '-bad'));
      await append(own.log, aStream(run, '-2'), ['later']);
      hold.open();
      await eventually(() => expect(reader.failure()).toBeInstanceOf(UndecodableEvent));
      expect(labels(reader.events)).toEqual(['good', 'too']);
    });
  });
}
