/**
 * The contract of `Contents` (`src/ports/contents.ts`), written against the port alone. A backend enrols with
 * `contentsContract('name', open)`; `hooks.ts` lists the other members that `open` may give.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Contents } from '../../src/ports/contents.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { faultyOr, type Hooks, otherContract } from './hooks.ts';
import { endsWithin, eventually, expectBounded, failureOf, freshName, range, shared } from './support.ts';

export interface OpenedContents extends Hooks<Contents> {
  readonly contents: Contents;
}

export function contentsContract(name: string, open: () => Promise<OpenedContents>): void {
  describe(`Contents of ${name}`, () => {
    const backend = shared(open);
    otherContract(open);

    test('a content that was put can be got', async () => {
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

    test('ids differ by every character', async () => {
      const { contents } = backend();
      const run = freshName();
      const ids = ['', 'a', 'A', 'a ', 'a/b', 'a%2Fb', 'é', 'e\u0301'].map((id) => run + id);
      for (const id of ids) await contents.put(id, id);
      for (const id of ids) expect(await contents.get(id)).toBe(id);
    });

    test('a deleted content is gone through every connection, and no other is', async () => {
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

    test('a deleted content stays deleted: a later put changes nothing, through any connection', async () => {
      const { contents, other = contents } = backend();
      const [once, never] = [freshName(), freshName()];
      await contents.put(once, 'secret');
      for (const id of [once, never])
        for (const via of [contents, other]) {
          await via.delete(id);
          await contents.put(id, 'back');
          await other.put(id, 'again');
          expect(await contents.get(id)).toBeUndefined();
          expect(await other.get(id)).toBeUndefined();
        }
    });

    test('of puts and a delete at once nothing is left', async () => {
      const { contents, other = contents } = backend();
      const ids = range(20).map(() => freshName());
      await Promise.all(
        ids.flatMap((id, n) => [
          contents.put(id, 'a'),
          (n % 2 === 0 ? contents : other).delete(id),
          other.put(id, 'b'),
        ]),
      );
      for (const id of ids) expect(await contents.get(id)).toBeUndefined();
    });

    test('puts and deletions outlive the backend', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const [kept, gone] = [freshName(), freshName()];
      await own.contents.put(kept, '麻婆豆腐');
      await own.contents.put(gone, 'secret');
      await own.contents.delete(gone);
      const contents = await own.reopen();
      for (const reader of [contents, own.other ?? contents]) {
        expect(await reader.get(kept)).toBe('麻婆豆腐');
        await reader.put(gone, 'back');
        expect(await reader.get(gone)).toBeUndefined();
      }
    });

    describe('a store that does not answer', () => {
      test('ends every call in time, reads too, and serves again once it answers', async (context) => {
        const { port, withinMs, freeze, heal } = await faultyOr(context, backend());
        const [id, kept] = [freshName(), freshName()];
        await port.put(kept, 'kept');
        await freeze();
        const calls = { put: port.put(id, 'a'), get: port.get(kept), delete: port.delete(freshName()) };
        await expectBounded(withinMs, calls, ['put', 'delete']);
        await heal();
        await eventually(() => port.put(freshName(), 'b'));
        expect(await port.get(kept)).toBe('kept');
      });

      test('cannot bring a deleted content back with a late put', async (context) => {
        const { contents } = backend();
        const { port, freeze, heal } = await faultyOr(context, backend());
        const id = freshName();
        await port.get(id);
        await freeze();
        expect(await failureOf(port.put(id, 'late'))).toBeInstanceOf(StoreUnavailable);
        const deleted = await contents.delete(id).then(
          () => true,
          () => false,
        );
        await heal();
        if (!deleted) await eventually(() => contents.delete(id));
        // Goes the way of the late one, after it.
        await port.put(freshName(), 'other');
        expect(await contents.get(id)).toBeUndefined();
      });

      test('does not keep the port from closing, and one that is closed refuses', async (context) => {
        const { port, withinMs, freeze, close } = await faultyOr(context, backend());
        const id = freshName();
        await port.put(id, 'a');
        await freeze();
        const pending = failureOf(port.put(freshName(), 'b'));
        expect(await endsWithin(withinMs, close())).toMatchObject({ status: 'fulfilled' });
        expect(await pending).toBeInstanceOf(StoreUnavailable);
        const calls = { put: port.put(id, 'c'), get: port.get(id), delete: port.delete(id) };
        await expectBounded(withinMs, calls, ['put', 'get', 'delete']);
      });
    });
  });
}
