import { describe, expect, test } from 'vitest';
import { revisionOf, START } from '../../../src/domain/position.ts';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, shared } from '../support.ts';
import { anEvent, append, aStream } from './samples.ts';

export function deletedContract(open: OpenEventLog): void {
  describe('a stream that was deleted', () => {
    const backend = shared(open);

    test('takes no more events at any expected revision, and is empty', async (context) => {
      const { log, other = log, deleteStream } = backend();
      if (deleteStream === undefined) return context.skip();
      const run = freshName();
      const stream = aStream(run);
      const { revision } = await append(log, stream, ['a', 'b']);
      await deleteStream(stream);
      for (const via of [log, other]) {
        for (const expected of ['noStream', revision, revisionOf(7)] as const) {
          const result = await via.append(stream, [anEvent('c')], expected);
          expect(result).toEqual({ type: 'conflict', expected, actual: 'deleted' });
        }
        expect(await via.readStream(stream)).toEqual([]);
      }
      await append(log, aStream(run, '-next'), ['next']);
      const after = await log.readAll(START, { prefixes: [`registration-${run}-`] }, 10);
      expect(after).toHaveLength(1);
    });

    test('leaves a request that was refused by it free', async (context) => {
      const { log, deleteStream } = backend();
      if (deleteStream === undefined) return context.skip();
      const stream = aStream();
      const request = { key: freshName(), fingerprint: 'f', answer: '{}' };
      await append(log, stream, ['a']);
      await deleteStream(stream);
      expect((await log.append(stream, [anEvent()], revisionOf(0), { request })).type).toBe('conflict');
      expect(await log.findRequest(request.key)).toBeUndefined();
    });
  });
}
