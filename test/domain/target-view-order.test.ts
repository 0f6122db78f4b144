/** A message and its receipts are streams of their own: a reader of both may get them in any order (`target-view.ts`). */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MessageEvent, ReceiptEvent } from '../../src/domain/events.ts';
import { viewTargets } from '../../src/domain/target-view.ts';
import { aMessage, aTarget } from '../fixtures/samples.ts';

describe('a target whose message and receipts are read in any order', () => {
  const message = aMessage({ targets: [aTarget({ clientId: 'a' })] });
  const { msgId } = message;
  const ref = { clientId: 'a', appPackage: 'com.example.phone' };
  const group = { msgId, group: '0', channel: 'jpush' as const, appPackage: ref.appPackage, targets: ['a'], round: 0 };
  const ofMessage: readonly MessageEvent[] = [
    { type: 'MessageDispatchPrepared', data: group },
    { type: 'MessageDispatchFailed', data: { ...group, failure: 'gaveUp', reason: 'because' } },
    { type: 'MessageDispatched', data: group },
    { type: 'MessageExpired', data: { msgId, targets: [ref] } },
    { type: 'MessageDisplayCancelled', data: { msgId, cause: 'requested', targets: [ref] } },
    { type: 'MessageErased', data: { msgId, cause: 'requested', targets: [ref] } },
  ];
  const ofReceipt: readonly ReceiptEvent[] = [
    { type: 'MessageReceived', data: { msgId, ...ref } },
    { type: 'MessageDisplayed', data: { msgId, ...ref } },
    { type: 'MessageAnswered', data: { msgId, ...ref } },
  ];
  /** Some events of each stream in their order, with their times, and how the streams interleave. */
  const interleaved = fc
    .tuple(
      fc.subarray([...ofMessage]),
      fc.subarray([...ofReceipt]),
      fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
    )
    .map(([one, other, turns]) => {
      const streams = [one, other].map((events) =>
        events.map((event, second) => ({ event, metadata: { at: `2026-03-01T00:00:0${second}.000Z` } })),
      ) as [Dated[], Dated[]];
      return { streams, merged: merge([...streams[0]], [...streams[1]], turns) };
    });
  type Dated = { event: MessageEvent | ReceiptEvent; metadata: { at: string } };
  const first: Dated = { event: { type: 'MessageAccepted', data: message }, metadata: { at: message.expiresAt } };

  function merge(one: Dated[], other: Dated[], turns: readonly boolean[]): Dated[] {
    const chosen = turns.flatMap((turn) => (turn ? one : other).splice(0, 1));
    return [...chosen, ...one, ...other];
  }

  test('ends at the same status with the same times', () => {
    fc.assert(
      fc.property(interleaved, ({ streams, merged }) => {
        const [view] = viewTargets([first, ...merged]);
        const [inOrder] = viewTargets([first, ...streams[0], ...streams[1]]);
        expect([view?.status, view?.pushTime, view?.reportTime]).toEqual([
          inOrder?.status,
          inOrder?.pushTime,
          inOrder?.reportTime,
        ]);
      }),
    );
  });

  test('stays as it is when everything is read a second time', () => {
    fc.assert(
      fc.property(interleaved, ({ merged }) => {
        const [once] = viewTargets([first, ...merged]);
        const [twice] = viewTargets([first, ...merged, ...merged]);
        expect({ ...twice, reportTime: undefined }).toEqual({ ...once, reportTime: undefined });
      }),
    );
  });
});
