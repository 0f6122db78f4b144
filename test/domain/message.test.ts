/** docs/api.md §3 MessageInfo, §4 (expires, failures); docs/architecture.md §Delivery. */
import { describe, expect, test } from 'vitest';
import { fold } from '../../src/domain/decider.ts';
import { type FailureCode, failureCodes, type MessageEvent, type TargetRef } from '../../src/domain/events.ts';
import {
  type DispatchGroup,
  type KnownMessage,
  type MessageCommand,
  messageDecider,
  openTargets,
} from '../../src/domain/message.ts';
import { range } from '../contract/support.ts';
import { aMessage, aTarget } from '../fixtures/samples.ts';
import { specOf } from '../support/given.ts';

const given = specOf(messageDecider);
const phone = 'com.example.phone';
const tablet = 'com.example.tablet';
const message = aMessage({
  targets: [
    aTarget({ clientId: 'a' }),
    aTarget({ clientId: 'b' }),
    aTarget({ clientId: 'c' }),
    aTarget({ clientId: 'a', appPackage: tablet }),
  ],
});
const { msgId } = message;
const accepted: MessageEvent = { type: 'MessageAccepted', data: message };
const EXPIRY = Date.parse(message.expiresAt);

const aGroup = (targets: string[] = ['a', 'b', 'c'], more: Partial<DispatchGroup> = {}): DispatchGroup => ({
  msgId,
  group: '0',
  channel: 'jpush',
  appPackage: phone,
  targets,
  round: 0,
  ...more,
});
const prepare = (group = aGroup(), idempotencyKey = 'cid-1', replaces?: string): MessageCommand => ({
  type: 'PrepareDispatch',
  group,
  idempotencyKey,
  keyValidUntil: message.expiresAt,
  replaces,
});
const recordDispatched = (group = aGroup()): MessageCommand => ({
  type: 'RecordDispatched',
  group,
  providerMessageId: 'p-1',
});
const recordFailure = (group = aGroup(), failure: FailureCode = 'refused'): MessageCommand => ({
  type: 'RecordFailure',
  group,
  failure,
  reason: 'because',
  provider: { httpStatus: 400, code: 1003 },
});
const expire = (now = EXPIRY): MessageCommand => ({ type: 'Expire', now });

const prepared = (group = aGroup(), idempotencyKey = 'cid-1'): MessageEvent => ({
  type: 'MessageDispatchPrepared',
  data: { ...group, idempotencyKey, keyValidUntil: message.expiresAt },
});
const dispatched = (group = aGroup()): MessageEvent => ({
  type: 'MessageDispatched',
  data: { ...group, providerMessageId: 'p-1' },
});
const failed = (group = aGroup(), failure: FailureCode = 'refused'): MessageEvent => ({
  type: 'MessageDispatchFailed',
  data: { ...group, failure, reason: 'because', provider: { httpStatus: 400, code: 1003 } },
});
const redriven = (group = aGroup(undefined, { round: 1 })): MessageEvent => ({
  type: 'DispatchRedriven',
  data: { ...group, who: 'operator-1', why: 'mended' },
});
const redrive = (group = '0', now = EXPIRY - 1): MessageCommand => ({
  type: 'Redrive',
  group,
  who: 'operator-1',
  why: 'mended',
  now,
});
const expired = (...targets: TargetRef[]): MessageEvent => ({ type: 'MessageExpired', data: { msgId, targets } });
const ref = (clientId: string, appPackage = phone): TargetRef => ({ clientId, appPackage });
const all = [ref('a'), ref('b'), ref('c'), ref('a', tablet)];

describe('accept', () => {
  test('records the message as it was settled', () => {
    given().when({ type: 'Accept', message }).events(accepted);
  });

  test('a message that was accepted already is left alone', () => {
    given(accepted).when({ type: 'Accept', message }).nothing();
    given(accepted, dispatched()).when({ type: 'Accept', message }).nothing();
  });
});

test.each([prepare(), recordDispatched(), recordFailure(), expire()])(
  '$type of no message comes to nothing',
  (command) => {
    given().when(command).nothing();
  },
);

test('events of a message that was not accepted change nothing', () => {
  expect(given(dispatched(), failed(), expired(ref('a'))).state).toEqual({ status: 'none' });
});

describe('prepare', () => {
  test('records the key before the first try', () => {
    given(accepted).when(prepare()).events(prepared());
  });

  test('again is nothing new', () => {
    given(accepted, prepared()).when(prepare()).nothing();
  });

  test('with another key, the earlier one having run out, is recorded, and the newest counts', () => {
    const second = prepare(aGroup(), 'cid-2', 'cid-1');
    given(accepted, prepared()).when(second).events(prepared(aGroup(), 'cid-2'));
    given(accepted, prepared(), prepared(aGroup(), 'cid-2')).when(second).nothing();
    given(accepted, prepared(), prepared(aGroup(), 'cid-2'))
      .when(prepare(aGroup(), 'cid-3', 'cid-2'))
      .events(prepared(aGroup(), 'cid-3'));
  });

  test('by two at once is recorded for the first: the second did not know of its key', () => {
    given(accepted, prepared()).when(prepare(aGroup(), 'cid-2')).nothing();
    given(accepted, prepared(), prepared(aGroup(), 'cid-2'))
      .when(prepare(aGroup(), 'cid-3', 'cid-1'))
      .nothing();
    given(accepted)
      .when(prepare(aGroup(), 'cid-2', 'cid-1'))
      .nothing();
    given(accepted, prepared(), failed(aGroup(), 'gaveUp'), redriven())
      .when(prepare(aGroup(undefined, { round: 1 }), 'cid-2'))
      .nothing();
  });

  test('of another group does not count for this one', () => {
    given(accepted, prepared(aGroup(['a'], { group: '0-0' })))
      .when(prepare())
      .events(prepared());
  });

  test('names the targets still to be sent to, in the order of the group', () => {
    given(accepted, dispatched(aGroup(['b'])))
      .when(prepare(aGroup(['c', 'b', 'a'])))
      .events(prepared(aGroup(['c', 'a'])));
  });

  test('of a group that is settled is nothing', () => {
    given(accepted, dispatched(aGroup(['a', 'b'])), failed(aGroup(['c'])))
      .when(prepare())
      .nothing();
    given(accepted, expired(...all))
      .when(prepare())
      .nothing();
  });

  test('of a later round, for targets that gave up in an earlier one, is recorded although the key is the same', () => {
    const again = aGroup(['a', 'b', 'c'], { round: 1 });
    const history = [accepted, prepared(), failed(aGroup(), 'gaveUp'), redriven()];
    given(...history)
      .when(prepare(again, 'cid-1', 'cid-1'))
      .events(prepared(again));
    given(...history, prepared(again))
      .when(prepare(again, 'cid-1', 'cid-1'))
      .nothing();
  });
});

describe('targets that go on alone', () => {
  const part = (place: number, clientId: string) => aGroup([clientId], { group: `0-${place}` });
  const goAlone = (...parts: DispatchGroup[]): MessageCommand => ({ type: 'GoAlone', parts });
  const alone = (data: DispatchGroup): MessageEvent => ({ type: 'MessageDispatchPrepared', data });

  test('are recorded as such, without a key, and a key of their own follows', () => {
    given(accepted)
      .when(goAlone(part(0, 'a'), part(1, 'b')))
      .events(alone(part(0, 'a')), alone(part(1, 'b')));
    given(accepted, alone(part(0, 'a')))
      .when(prepare(part(0, 'a')))
      .events({
        type: 'MessageDispatchPrepared',
        data: { ...part(0, 'a'), idempotencyKey: 'cid-1', keyValidUntil: message.expiresAt },
      });
  });

  test('are recorded once, and not if they are settled: a key that they have by then stays', () => {
    const keyed: MessageEvent = { type: 'MessageDispatchPrepared', data: { ...part(0, 'a'), idempotencyKey: 'cid-2' } };
    const sent: MessageEvent = { type: 'MessageDispatched', data: part(1, 'b') };
    given(accepted, keyed, sent)
      .when(goAlone(part(0, 'a'), part(1, 'b'), part(2, 'c')))
      .events(alone(part(2, 'c')));
    given(accepted, keyed)
      .when(goAlone(part(0, 'a')))
      .nothing();
  });
});

describe('dispatched', () => {
  test('is recorded with the provider’s id of it', () => {
    given(accepted, prepared()).when(recordDispatched()).events(dispatched());
  });

  test('is recorded for those that it was not yet recorded for', () => {
    given(accepted, dispatched(aGroup(['b'])))
      .when(recordDispatched())
      .events(dispatched(aGroup(['a', 'c'])));
    given(accepted, dispatched()).when(recordDispatched()).nothing();
  });

  test.each(failureCodes.filter((code) => code !== 'expired'))('is recorded also after a failure %s', (failure) => {
    given(accepted, failed(aGroup(), failure)).when(recordDispatched()).events(dispatched());
  });

  test('is recorded also after the message was recorded as expired: the fact counts', () => {
    given(accepted, expired(...all))
      .when(recordDispatched())
      .events(dispatched());
    const { state } = given(accepted, expired(...all), dispatched());
    expect(outcomes(state as KnownMessage)).toEqual(['sent', 'sent', 'sent', 'failed']);
  });

  test('in one package says nothing of the same terminal in another', () => {
    given(accepted, dispatched())
      .when(recordDispatched(aGroup(['a'], { appPackage: tablet })))
      .events(dispatched(aGroup(['a'], { appPackage: tablet })));
  });
});

describe('a failure', () => {
  test('is recorded with its reason and the provider’s answer', () => {
    given(accepted, prepared()).when(recordFailure()).events(failed());
  });

  test('is recorded only for targets that still wait', () => {
    given(accepted, dispatched(aGroup(['a'])), failed(aGroup(['b']), 'unregistered'))
      .when(recordFailure())
      .events(failed(aGroup(['c'])));
  });

  test('of targets that were sent to, failed or expired appends nothing', () => {
    given(accepted, dispatched()).when(recordFailure()).nothing();
    given(accepted, failed()).when(recordFailure(aGroup(), 'gaveUp')).nothing();
    given(accepted, expired(...all))
      .when(recordFailure())
      .nothing();
  });

  test('of redriven targets is recorded in the new round, and one of an earlier round is nothing', () => {
    const [first, second] = [0, 1].map((round) => aGroup(['a', 'b', 'c'], { round }));
    const history = [accepted, failed(first, 'gaveUp'), redriven()];
    given(...history)
      .when(recordFailure(second))
      .events(failed(second));
    given(...history)
      .when(recordFailure(second, 'gaveUp'))
      .events(failed(second, 'gaveUp'));
    given(...history)
      .when(recordFailure(first, 'gaveUp'))
      .nothing();
    given(...history, failed(second, 'gaveUp'))
      .when(recordFailure(second))
      .nothing();
  });
});

describe('a redrive', () => {
  test('begins the next round of what gave up, and of nothing else', () => {
    given(accepted, failed(aGroup(['a', 'b']), 'gaveUp'), failed(aGroup(['c']), 'refused'))
      .when(redrive())
      .events(redriven(aGroup(['a', 'b'], { round: 1 })));
  });

  test('again is nothing until it has given up again, which the next round follows', () => {
    const history = [accepted, failed(aGroup(), 'gaveUp'), redriven()];
    given(...history)
      .when(redrive())
      .nothing();
    given(...history, failed(aGroup(undefined, { round: 1 }), 'gaveUp'))
      .when(redrive())
      .events(redriven(aGroup(undefined, { round: 2 })));
  });

  test.each(failureCodes.filter((code) => code !== 'gaveUp'))('of what failed with %s is nothing', (failure) => {
    given(accepted, failed(aGroup(), failure)).when(redrive()).nothing();
  });

  test('of a target alone goes the way that it went; its group leaves it out', () => {
    const alone = aGroup(['b'], { group: '0-1', channel: 'm2m' });
    const history = [accepted, failed(alone, 'gaveUp'), failed(aGroup(['a']), 'gaveUp')];
    given(...history)
      .when(redrive('0-1'))
      .events(redriven({ ...alone, round: 1 }));
    given(...history)
      .when(redrive())
      .events(redriven(aGroup(['a'], { round: 1 })));
  });

  test('of an unknown group, what was sent, expired, cancelled or erased is nothing', () => {
    const gaveUp = [accepted, failed(aGroup(), 'gaveUp')];
    given(...gaveUp)
      .when(redrive('7'))
      .nothing();
    given(...gaveUp, dispatched())
      .when(redrive())
      .nothing();
    given(...gaveUp)
      .when(redrive('0', EXPIRY))
      .nothing();
    given(...gaveUp, { type: 'MessageErased', data: { msgId, cause: 'burn', targets: all } })
      .when(redrive())
      .nothing();
    given(...gaveUp, {
      type: 'MessageDisplayCancelled',
      data: { msgId, cause: 'requested', targets: [ref('a'), ref('c')] },
    })
      .when(redrive())
      .events(redriven(aGroup(['b'], { round: 1 })));
  });
});

describe('expiry', () => {
  test('does not come before its time', () => {
    given(accepted)
      .when(expire(EXPIRY - 1))
      .nothing();
  });

  test('comes at its time for all targets that still wait', () => {
    given(accepted)
      .when(expire(EXPIRY))
      .events(expired(...all));
    given(accepted, prepared())
      .when(expire(EXPIRY + 1))
      .events(expired(...all));
  });

  test('leaves targets alone that were sent to or failed, given up or not', () => {
    given(accepted, dispatched(aGroup(['a'])), failed(aGroup(['b'])), failed(aGroup(['c']), 'gaveUp'))
      .when(expire())
      .events(expired(ref('a', tablet)));
  });

  test('takes what was redriven', () => {
    given(
      accepted,
      expired(ref('b'), ref('c'), ref('a', tablet)),
      failed(aGroup(['a']), 'gaveUp'),
      redriven(aGroup(['a'])),
    )
      .when(expire())
      .events(expired(ref('a')));
  });

  test('comes once', () => {
    given(accepted, expired(...all))
      .when(expire())
      .nothing();
    given(accepted, dispatched(), dispatched(aGroup(['a'], { appPackage: tablet })))
      .when(expire())
      .nothing();
  });
});

describe('the targets still to be sent to', () => {
  const open = (...history: MessageEvent[]) =>
    openTargets(given(accepted, ...history).state as KnownMessage, aGroup(['c', 'a', 'b']));

  test('are those without an outcome, in the order of the group', () => {
    expect(open()).toEqual(['c', 'a', 'b']);
    expect(open(dispatched(aGroup(['a'])))).toEqual(['c', 'b']);
    expect(open(failed(aGroup(['c'])), dispatched(aGroup(['a', 'b'])))).toEqual([]);
  });

  test('and those that were redriven', () => {
    const gaveUp = failed(aGroup(['a', 'b']), 'gaveUp');
    expect(open(gaveUp)).toEqual(['c']);
    expect(open(gaveUp, redriven(aGroup(['a', 'b'])))).toEqual(['c', 'a', 'b']);
    expect(open(gaveUp, redriven(aGroup(['a', 'b'])), dispatched(aGroup(['a'], { round: 1 })))).toEqual(['c', 'b']);
  });
});

describe('a target whose display was cancelled', () => {
  const cancelled = (...targets: TargetRef[]): MessageEvent => ({
    type: 'MessageDisplayCancelled',
    data: { msgId, cause: 'requested', targets },
  });
  const erased: MessageEvent = { type: 'MessageErased', data: { msgId, cause: 'burn', targets: all } };

  test('is not sent to any more, target by target', () => {
    const history = [accepted, cancelled(ref('a'), ref('b', tablet)), cancelled(ref('a'), ref('c'))];
    given(...history)
      .when(prepare())
      .events(prepared(aGroup(['b'])));
    given(...history)
      .when(recordFailure())
      .events(failed(aGroup(['b'])));
    given(accepted, failed(aGroup(), 'gaveUp'), redriven(), cancelled(ref('a')))
      .when(prepare(aGroup(['a', 'b'], { round: 1 })))
      .events(prepared(aGroup(['b'], { round: 1 })));
  });

  test('is not sent to at all once the content is erased', () => {
    given(accepted, erased).when(prepare()).nothing();
    given(accepted, erased).when(recordFailure()).nothing();
  });

  test('and yet a hand-over that had begun is recorded', () => {
    given(accepted, prepared(), cancelled(...all))
      .when(recordDispatched())
      .events(dispatched());
    given(accepted, prepared(), cancelled(...all), erased)
      .when(recordDispatched())
      .events(dispatched());
  });
});

describe('folding', () => {
  test('leaves the states before as they were', () => {
    const before = given(accepted).state as KnownMessage;
    const cancelled: MessageEvent = {
      type: 'MessageDisplayCancelled',
      data: { msgId, cause: 'requested', targets: [ref('a')] },
    };
    messageDecider.evolve(before, dispatched());
    fold(messageDecider, before, [prepared(), failed(aGroup(['b'])), cancelled]);
    expect(before.outcomes.size + before.prepared.size + before.cancelled.size).toBe(0);
  });

  // A copy of the state for each event would take minutes.
  test('takes time for each event once, however long the stream', () => {
    const alone = range(50_000).map((n) => aGroup([`c${n}`], { group: `0-${n}` }));
    const state = fold(messageDecider, messageDecider.initialState(), [
      accepted,
      ...alone.map((group) => prepared(group)),
      ...alone.map((group) => dispatched(group)),
    ]) as KnownMessage;
    expect([state.prepared.size, state.outcomes.size]).toEqual([50_000, 50_000]);
  });
});

function outcomes(state: KnownMessage): string[] {
  return [...state.outcomes.values()].map(({ type }) => type);
}
