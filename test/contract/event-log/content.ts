import { describe, expect, test } from 'vitest';
import { START } from '../../../src/domain/position.ts';
import type { Contents } from '../../../src/ports/contents.ts';
import type { AppendOptions, EventLog } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, gate, range, shared } from '../support.ts';
import { anEvent, append, aStream, labels } from './samples.ts';

export function contentContract(open: OpenEventLog): void {
  describe('content given with an append', () => {
    const backend = shared(open);

    test('can be read as soon as the append has answered; a taken id stays', async () => {
      const { log, contents, otherContents = contents } = backend();
      const id = freshName();
      await append(log, aStream(), ['a'], 'noStream', { content: { id, text: '{"recipe":"麻婆豆腐"}' } });
      expect(await contents.get(id)).toBe('{"recipe":"麻婆豆腐"}');
      expect(await otherContents.get(id)).toBe('{"recipe":"麻婆豆腐"}');
      await append(log, aStream(), ['b'], 'noStream', { content: { id, text: 'other' } });
      expect(await contents.get(id)).toBe('{"recipe":"麻婆豆腐"}');
    });

    test('can be read as soon as the event is visible', async () => {
      const { log, contents, other = log, otherContents = contents } = backend();
      const run = freshName();
      const wanted = range(20).map((n) => `text of ${run}-${n}`);
      const readers = [
        await contentReader(log, contents, run, wanted.length),
        await contentReader(other, otherContents, run, wanted.length),
      ];
      for (const n of range(wanted.length)) {
        const id = `${run}-${n}`;
        const content = { id, text: `text of ${id}` };
        await append(n % 2 === 0 ? log : other, aStream(run, `-${n}`), [id], 'noStream', { content });
      }
      for (const reader of readers) expect(await reader.texts).toEqual(wanted);
    });

    test('stays deleted, whenever the append is repeated', async () => {
      const { log, contents, other = log, otherContents = contents } = backend();
      for (const options of [{}, { request: { key: freshName(), fingerprint: 'f', answer: '{}' } }]) {
        const [id, stream, events] = [freshName(), aStream(), [anEvent('a')]];
        const whole: AppendOptions = { ...options, content: { id, text: 'secret' } };
        await log.append(stream, events, 'noStream', whole);
        await otherContents.delete(id);
        for (const via of [log, other]) {
          await via.append(stream, events, 'noStream', whole);
          expect(await contents.get(id)).toBeUndefined();
          expect(await otherContents.get(id)).toBeUndefined();
        }
        expect(labels(await log.readStream(stream))).toEqual(['a']);
      }
    });
  });
}

/** Reads along and gets, of each event, the content that its label names. Has caught up when it is given back. */
async function contentReader(log: EventLog, contents: Contents, run: string, count: number) {
  const abort = new AbortController();
  const caughtUp = gate();
  const read = async (): Promise<(string | undefined)[]> => {
    const texts: (string | undefined)[] = [];
    for await (const batch of log.subscribe(START, { prefixes: [`registration-${run}`] }, abort.signal)) {
      if (batch.caughtUp) caughtUp.open();
      for (const id of labels(batch.events)) texts.push(await contents.get(id ?? ''));
      if (texts.length === count) break;
    }
    return texts;
  };
  const texts = read();
  await caughtUp.opened;
  return { texts };
}
