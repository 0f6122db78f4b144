import { describe, expect, onTestFinished, test } from 'vitest';
import { UndecodableEvent } from '../../../src/domain/codec.ts';
import { START } from '../../../src/domain/position.ts';
import type { LogFilter } from '../../../src/ports/event-log.ts';
import type { OpenEventLog, OpenedEventLog } from '../event-log.ts';
import { freshName } from '../support.ts';
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

    test('stops whoever reads its stream, and the error does not tell the data', async (context) => {
      const it = await poisoned();
      if (it === undefined) return context.skip();
      const error = await failureOf(it.log.readStream(aStream(it.run, '-bad')));
      expect(error).toBeInstanceOf(UndecodableEvent);
      expect(JSON.stringify([error.message, error.stack, error.cause])).not.toContain(POISON);
    });

    test('stops a reader of the log that comes to it, and no other', async (context) => {
      const it = await poisoned();
      if (it === undefined) return context.skip();
      await expect(it.log.readAll(START, it.all, 10)).rejects.toThrow(UndecodableEvent);
      const good = await it.log.readAll(START, { prefixes: [`registration-${it.run}-good`] }, 10);
      expect(labels(good)).toEqual(['good']);
      expect(await it.log.readAll(START, { ...it.all, types: ['ChannelUnregistered'] }, 10)).toEqual([]);
    });

    test('stops a subscriber loudly instead of being skipped, also when it comes again', async (context) => {
      const it = await poisoned();
      if (it === undefined) return context.skip();
      for (const _ of [1, 2]) await expect(readOn(it.log, it.all)).rejects.toThrow(UndecodableEvent);
    });

    test('stops a subscriber that was waiting when it came', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.poison === undefined) return context.skip();
      const run = freshName();
      const reading = readOn(own.log, { prefixes: [`registration-${run}`] }, () => own.poison?.(aStream(run)));
      await expect(reading).rejects.toThrow(UndecodableEvent);
    });
  });
}

async function readOn(log: OpenedEventLog['log'], filter: LogFilter, whenCaughtUp?: () => Promise<void> | undefined) {
  const abort = new AbortController();
  onTestFinished(() => abort.abort());
  for await (const { caughtUp } of log.subscribe(START, filter, abort.signal)) if (caughtUp) await whenCaughtUp?.();
}

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('did not fail');
    },
    (error: Error) => error,
  );
}
