import { describe, expect, test } from 'vitest';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, shared } from '../support.ts';
import { append, aStream } from './samples.ts';

export function idContract(open: OpenEventLog): void {
  describe('id', () => {
    const backend = shared(open);

    test('names the log: the same at every call and from elsewhere, whatever is appended', async () => {
      const { log, other = log } = backend();
      const id = await log.id();
      expect(id.length).toBeGreaterThanOrEqual(16);
      await append(log, aStream(freshName()), ['a']);
      expect(await log.id()).toBe(id);
      expect(await other.id()).toBe(id);
    });

    test('outlives a restart', async (context) => {
      const opened = await open();
      try {
        if (opened.reopen === undefined) return context.skip();
        const id = await opened.log.id();
        expect(await (await opened.reopen()).id()).toBe(id);
      } finally {
        await opened.close();
      }
    });

    test('is one, also for callers that ask at once', async () => {
      const { log, other = log } = backend();
      const ids = await Promise.all([log.id(), other.id(), log.id(), other.id()]);
      expect(new Set(ids).size).toBe(1);
    });
  });
}
