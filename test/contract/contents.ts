/** The contract of `Contents` (`src/ports/contents.ts`), written against the port alone. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Contents } from '../../src/ports/contents.ts';
import { freshName, range, shared } from './support.ts';

export interface OpenedContents {
  readonly contents: Contents;
  /** The same contents through another connection, where there can be several. */
  readonly other?: Contents;
  /** Closes and opens again on the same data. Absent for a backend whose data does not outlive it. */
  reopen?(): Promise<Contents>;
  /** Closes what is open now, after a `reopen` too. */
  close(): Promise<void>;
}

export function contentsContract(name: string, open: () => Promise<OpenedContents>): void {
  describe(`Contents of ${name}`, () => {
    const backend = shared(open);

    test('what was put is got', async () => {
      const { contents } = backend();
      const id = freshName();
      await contents.put(id, '{"a":1}');
      expect(await contents.get(id)).toBe('{"a":1}');
    });

    test('nothing is got of an id that was never put', async () => {
      expect(await backend().contents.get(freshName())).toBeUndefined();
    });

    test.each([
      ['an empty text', ''],
      ['an empty object', '{}'],
      ['unicode', '{"菜":"麻婆豆腐 🌶️","e\u0301":"\u00e9","\u2028":"\ufeff"}'],
      ['NUL and other controls', '\u0000a\u0000\u001f\u007f'],
      ['lone surrogates as escapes', '{"half":"\\ud83d","other":"\\udc00"}'],
      ['numbers and white space literally', '{ "n" : 12345678901234567890.10 , "e":1E400 }'],
      ['what other stores would read as code', "'; DROP TABLE contents; -- $where %s \\0"],
      ['64 KiB of ASCII', JSON.stringify({ text: 'x'.repeat(65_520) })],
      ['200 KiB of characters of three and four bytes', '汉🧊'.repeat(30_000)],
    ])('%s comes back character by character', async (_name, text) => {
      const { contents, other = contents } = backend();
      const id = freshName();
      await contents.put(id, text);
      expect(await contents.get(id)).toBe(text);
      expect(await other.get(id)).toBe(text);
    });

    test('a second put leaves the first', async () => {
      const { contents } = backend();
      const id = freshName();
      await contents.put(id, 'first');
      await contents.put(id, 'second');
      expect(await contents.get(id)).toBe('first');
    });

    test('of puts at once one stays', async () => {
      const { contents } = backend();
      const id = freshName();
      await Promise.all(range(20).map((n) => contents.put(id, `${n}`)));
      const kept = await contents.get(id);
      expect(range(20).map(String)).toContain(kept);
      expect(await contents.get(id)).toBe(kept);
    });

    test('ids are told apart by every character', async () => {
      const { contents } = backend();
      const run = freshName();
      const ids = ['', 'a', 'A', 'a ', 'a/b', 'a%2Fb', 'é', 'e\u0301'].map((id) => run + id);
      for (const id of ids) await contents.put(id, id);
      for (const id of ids) expect(await contents.get(id)).toBe(id);
    });

    test('what was deleted is gone for everybody, and nothing else is', async () => {
      const { contents, other = contents } = backend();
      const [gone, kept] = [freshName(), freshName()];
      await contents.put(gone, 'secret');
      await contents.put(kept, 'kept');
      expect(await other.get(gone)).toBe('secret');
      await contents.delete(gone);
      expect(await contents.get(gone)).toBeUndefined();
      expect(await other.get(gone)).toBeUndefined();
      expect(await contents.get(kept)).toBe('kept');
    });

    test('nothing to delete is fine, once and again', async () => {
      const { contents } = backend();
      const id = freshName();
      await contents.delete(id);
      await contents.put(id, 'a');
      await contents.delete(id);
      await contents.delete(id);
      expect(await contents.get(id)).toBeUndefined();
    });

    test('what was put and what was deleted outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const [kept, gone] = [freshName(), freshName()];
      await own.contents.put(kept, '麻婆豆腐');
      await own.contents.put(gone, 'secret');
      await own.contents.delete(gone);
      const contents = await own.reopen();
      expect(await contents.get(kept)).toBe('麻婆豆腐');
      expect(await contents.get(gone)).toBeUndefined();
    });
  });
}
