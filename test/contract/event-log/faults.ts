import { describe, expect, test } from 'vitest';
import { type Position, START } from '../../../src/domain/position.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import type { AppendOptions, EventLog } from '../../../src/ports/event-log.ts';
import type { OpenEventLog } from '../event-log.ts';
import { faultyOr } from '../hooks.ts';
import { endsWithin, eventually, expectBounded, failureOf, freshName, shared } from '../support.ts';
import { type Reader, read } from './reader.ts';
import { anEvent, append, aStream, labels } from './samples.ts';

export function faultContract(open: OpenEventLog): void {
  describe('a store that does not answer', () => {
    const backend = shared(open);
    const registrations = (run: string) => ({ prefixes: [`registration-${run}`] });
    const callsOf = (log: EventLog, run = freshName()) => ({
      append: append(log, aStream(run), ['a']),
      readStream: log.readStream(aStream(run)),
      readNewest: log.readNewest(aStream(run), 10),
      readAll: log.readAll(START, registrations(run), 10),
      remember: log.remember({ key: freshName(), fingerprint: 'f', answer: '"answer"' }, START),
      findRequest: log.findRequest(freshName()),
      head: log.head(),
    });

    test('ends every call in time, reads too, and serves again once it answers', async (context) => {
      const { port: log, withinMs, freeze, heal } = await faultyOr(context, backend());
      await append(log, aStream(), ['before']);
      await freeze();
      await expectBounded(withinMs, callsOf(log), ['append', 'remember']);
      await heal();
      const stream = aStream();
      await eventually(() => append(log, stream, ['after']));
      expect(labels(await log.readStream(stream))).toEqual(['after']);
    });

    describe.each<[string, () => AppendOptions]>([
      ['', () => ({})],
      [' with a request', () => ({ request: { key: freshName(), fingerprint: 'f', answer: '"answer"' } })],
    ])('an append%s of which nothing was heard counts once', (_name, optionsOf) => {
      test.for(['before', 'after'])('when it is repeated %s the store answers again', async (when, context) => {
        const { port: log, freeze, heal } = await faultyOr(context, backend());
        const [run, events, contentId] = [freshName(), [anEvent('a'), anEvent('b')], freshName()];
        const options = { ...optionsOf(), content: { id: contentId, text: 'text' } };
        const appendAll = () => log.append(aStream(run), events, 'noStream', options);
        await freeze();
        expect(await failureOf(appendAll())).toBeInstanceOf(StoreUnavailable);
        const repeated = when === 'before' ? appendAll() : undefined;
        await heal();
        const answers = [await (repeated ?? appendAll()), await appendAll()];
        // A connection that retries behind its caller's back gets the time to do so.
        await freeze();
        await failureOf(append(log, aStream(), ['other']));
        await heal();
        await append(log, aStream(), ['next']);

        const all = await log.readAll(START, registrations(run), 10);
        expect(labels(all)).toEqual(['a', 'b']);
        const last = all[1];
        const first = { type: 'appended', revision: 1n, position: last?.position };
        const duplicate = { type: 'duplicateRequest', earlier: { ...options.request, position: last?.position } };
        for (const answer of answers) expect([first, duplicate]).toContainEqual(answer);
        expect(answers[1]).toEqual(options.request === undefined ? first : duplicate);
        expect(await backend().contents.get(contentId)).toBe('text');
      });
    });

    test('keeps no subscription from ending when it is aborted', async (context) => {
      const { port: log, withinMs, freeze } = await faultyOr(context, backend());
      const reader = read(log, START, registrations(freshName()));
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      await freeze();
      expect(await endsWithin(withinMs, reader.stop())).toMatchObject({ status: 'fulfilled' });
    });

    test.for(['freeze', 'sever'] as const)(
      'leaves no subscription silent: it goes on or fails, and who resumes misses nothing (%s)',
      async (fault, context) => {
        const { log } = backend();
        const faulty = await faultyOr(context, backend());
        const run = freshName();
        const reader = read(faulty.port, START, registrations(run));
        await append(log, aStream(run, '-1'), ['before']);
        await eventually(() => expect(labels(reader.events)).toEqual(['before']));
        await faulty[fault]();
        await faulty.heal();
        await append(log, aStream(run, '-2'), ['after']);
        await eventually(() => expect(reader.failure() !== undefined || reader.events.length === 2).toBe(true));
        if (reader.failure() !== undefined) expect(reader.failure()).toBeInstanceOf(StoreUnavailable);
        const rest = reader.events.length === 2 ? [] : await restAfter(log, reader);
        expect([...labels(reader.events), ...rest]).toEqual(['before', 'after']);

        async function restAfter(from: EventLog, { events }: Reader): Promise<(string | undefined)[]> {
          const resumed = read(from, events.at(-1)?.position as Position, registrations(run));
          await eventually(() => expect(resumed.events.length).toBeGreaterThan(0));
          return labels(resumed.events);
        }
      },
    );

    test('does not keep the port from closing, and one that is closed refuses', async (context) => {
      const { port: log, withinMs, freeze, close } = await faultyOr(context, backend());
      const reader = read(log, START, registrations(freshName()));
      await eventually(() => expect(reader.caughtUp()).toBe(true));
      await freeze();
      const pending = failureOf(append(log, aStream(), ['a']));
      expect(await endsWithin(withinMs, close())).toMatchObject({ status: 'fulfilled' });
      expect(await pending).toBeInstanceOf(StoreUnavailable);
      await expectBounded(withinMs, callsOf(log), [
        'append',
        'readStream',
        'readNewest',
        'readAll',
        'remember',
        'findRequest',
      ]);
      await eventually(() => expect(reader.failure()).toBeInstanceOf(StoreUnavailable));
    });
  });
}
