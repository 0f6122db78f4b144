import { describe, expect, onTestFinished, test } from 'vitest';
import { revisionOf, START } from '../../../src/domain/position.ts';
import type { RequestRecord } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { freshName, range, shared } from '../support.ts';
import { anEvent, append, aStream, labels } from './samples.ts';

export function requestContract(open: OpenEventLog): void {
  describe('request records', () => {
    const backend = shared(open);

    test('nothing is known of a key that was never used', async () => {
      expect(await backend().log.findRequest(freshName())).toBeUndefined();
    });

    test('a record is found with the last event that went with it', async () => {
      const { log } = backend();
      const request = aRequest();
      const { position } = await append(log, aStream(), ['a', 'b'], 'noStream', { request });
      expect(await log.findRequest(request.key)).toEqual({ ...request, position });
    });

    test('keys differ by every character', async () => {
      const { log } = backend();
      const run = freshName();
      const keys = ['a\nb', 'a\n\nb', 'A\nb', 'a b', 'a\nb ', 'ä', '键', "'", '%', ''].map((key) => `${run}\n${key}`);
      for (const key of keys)
        await append(log, aStream(), ['a'], 'noStream', { request: aRequest({ key, answer: key }) });
      for (const key of keys) expect(await log.findRequest(key)).toMatchObject({ key, answer: key });
    });

    test('a second append with the key appends nothing and gets the earlier record', async () => {
      const { log } = backend();
      const request = aRequest();
      const { position } = await append(log, aStream(), ['a'], 'noStream', { request });
      const other = aStream();
      const rival = { ...request, fingerprint: 'other', answer: '"other"' };
      const result = await log.append(other, [anEvent('b')], 'noStream', { request: rival });
      expect(result).toEqual({ type: 'duplicateRequest', earlier: { ...request, position } });
      expect(await log.readStream(other)).toEqual([]);
      expect(await log.findRequest(request.key)).toEqual({ ...request, position });
    });

    test('so does the very same append again, also when its stream has moved on', async () => {
      const { log } = backend();
      const request = aRequest();
      const stream = aStream();
      const events = [anEvent('a')];
      const first = await log.append(stream, events, 'noStream', { request });
      expect(first.type).toBe('appended');
      const earlier = await log.findRequest(request.key);
      const duplicate = { type: 'duplicateRequest', earlier };
      expect(await log.append(stream, events, 'noStream', { request })).toEqual(duplicate);
      await append(log, stream, ['b'], revisionOf(0));
      expect(await log.append(stream, events, 'noStream', { request })).toEqual(duplicate);
      expect(labels(await log.readStream(stream))).toEqual(['a', 'b']);
    });

    test('a refused append leaves no record, and the key is free for the next try', async () => {
      const { log } = backend();
      const request = aRequest();
      const stream = aStream();
      const { revision } = await append(log, stream, ['a']);
      expect((await log.append(stream, [anEvent('b')], 'noStream', { request })).type).toBe('conflict');
      expect(await log.findRequest(request.key)).toBeUndefined();
      const { position } = await append(log, stream, ['b'], revision, { request });
      expect(await log.findRequest(request.key)).toEqual({ ...request, position });
    });

    test('of 20 at once with the same key exactly one has an effect', async () => {
      const { log, other = log } = backend();
      const run = freshName();
      const key = freshName();
      const results = await Promise.all(
        range(20).map((n) =>
          (n % 2 === 0 ? log : other).append(aStream(run, `-${n}`), [anEvent(`${n}`), anEvent(`${n}`)], 'noStream', {
            request: aRequest({ key, answer: `${n}` }),
          }),
        ),
      );
      const winners = range(20).filter((n) => results[n]?.type === 'appended');
      expect(winners).toHaveLength(1);
      const earlier = await log.findRequest(key);
      expect(earlier?.answer).toBe(`${winners[0]}`);
      const others = results.filter(({ type }) => type !== 'appended');
      expect(others).toEqual(others.map(() => ({ type: 'duplicateRequest', earlier })));
      const all = await log.readAll(START, { prefixes: [`registration-${run}`] }, 100);
      expect(labels(all)).toEqual([`${winners[0]}`, `${winners[0]}`]);
    });

    test('many requests at once, each with its key, all have their effect', async () => {
      const { log } = backend();
      const requests = range(100).map((n) => aRequest({ answer: `{"n":${n}}` }));
      const results = await Promise.all(
        requests.map((request) => log.append(aStream(), [anEvent()], 'noStream', { request })),
      );
      for (const [n, result] of results.entries()) {
        expect(result.type).toBe('appended');
        expect((await log.findRequest(requests[n]?.key ?? ''))?.answer).toBe(`{"n":${n}}`);
      }
    });

    test('twins that contend for a stream with others have their effect once, whatever is void on the way', async () => {
      const { log, other = log } = backend();
      const stream = aStream();
      const request = aRequest();
      await append(log, stream, ['0']);
      /** Decides again after each conflict, as a command does. */
      const appendTo = async (via: typeof log, label: string, options?: { request: RequestRecord }) => {
        for (;;) {
          const revision = (await via.readNewest(stream, 1))[0]?.revision ?? revisionOf(0);
          const result = await via.append(stream, [anEvent(label)], revision, options);
          if (result.type !== 'conflict') return result.type;
        }
      };
      const results = await Promise.all(
        range(12).map((n) => {
          const via = n % 2 === 0 ? log : other;
          return n % 3 === 0 ? appendTo(via, `other-${n}`) : appendTo(via, 'twin', { request });
        }),
      );
      expect(results.filter((_, n) => n % 3 !== 0).filter((type) => type === 'appended')).toHaveLength(1);
      const all = labels(await log.readStream(stream));
      expect(all).toHaveLength(1 + 4 + 1);
      expect(all.filter((label) => label === 'twin')).toHaveLength(1);
      const twin = (await log.readStream(stream))[all.indexOf('twin')];
      expect(await other.findRequest(request.key)).toEqual({ ...request, position: twin?.position });
    });

    describe('of a request that had nothing to append', () => {
      test('a record is found with the position that it rests on', async () => {
        const { log, other = log } = backend();
        const request = aRequest();
        const { position } = await append(log, aStream(), ['a']);
        expect(await log.remember(request, position)).toBeUndefined();
        for (const via of [log, other]) expect(await via.findRequest(request.key)).toEqual({ ...request, position });
      });

      test('a record takes the key: an append with it appends nothing, and another record gets this one', async () => {
        const { log, other = log } = backend();
        const request = aRequest();
        const stream = aStream();
        const { position, revision } = await append(log, stream, ['a']);
        await log.remember(request, position);
        const earlier = { ...request, position };
        const rival = { ...request, fingerprint: 'other', answer: '"other"' };
        for (const via of [log, other]) {
          const result = await via.append(stream, [anEvent('b')], revision, { request: rival });
          expect(result).toEqual({ type: 'duplicateRequest', earlier });
          expect(await via.remember(rival, position)).toEqual(earlier);
        }
        expect(labels(await log.readStream(stream))).toEqual(['a']);
      });

      test('a record gets that of the append which had the key before', async () => {
        const { log } = backend();
        const request = aRequest();
        const { position } = await append(log, aStream(), ['a'], 'noStream', { request });
        expect(await log.remember({ ...request, answer: '"other"' }, START)).toEqual({ ...request, position });
      });

      test('20 concurrent records and appends with one key leave exactly one', async () => {
        const { log, other = log } = backend();
        const run = freshName();
        const key = freshName();
        const { position } = await append(log, aStream(), ['a']);
        const won = await Promise.all(
          range(20).map(async (n) => {
            const via = n % 2 === 0 ? log : other;
            const request = aRequest({ key, answer: `${n}` });
            if (n % 4 < 2) return (await via.remember(request, position)) === undefined;
            return (await via.append(aStream(run, `-${n}`), [anEvent()], 'noStream', { request })).type === 'appended';
          }),
        );
        const winners = range(20).filter((n) => won[n]);
        expect(winners).toHaveLength(1);
        expect((await log.findRequest(key))?.answer).toBe(`${winners[0]}`);
        const all = await log.readAll(START, { prefixes: [`registration-${run}`] }, 100);
        expect(all).toHaveLength((winners[0] ?? 0) % 4 < 2 ? 0 : 1);
      });
    });

    test('are known after the backend was reopened', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const request = aRequest();
      const { position } = await append(own.log, aStream(), ['a'], 'noStream', { request });
      const log = await own.reopen();
      for (const via of [log, own.other ?? log]) {
        expect(await via.findRequest(request.key)).toEqual({ ...request, position });
        const stream = aStream();
        expect(await via.append(stream, [anEvent()], 'noStream', { request })).toEqual({
          type: 'duplicateRequest',
          earlier: { ...request, position },
        });
        expect(await via.readStream(stream)).toEqual([]);
      }
    });
  });
}

function aRequest(overrides: Partial<RequestRecord> = {}): RequestRecord {
  return {
    key: freshName(),
    fingerprint: 'f'.repeat(64),
    answer: '{"retCode":"00000","retInfo":"成功"}',
    ...overrides,
  };
}
