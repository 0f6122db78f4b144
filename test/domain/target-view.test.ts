/** docs/api.md §3 and §4 getmsgstat: how each target stands, for any order of its events. */
import { describe, expect, test } from 'vitest';
import type { FailureCode, MessageEvent, ReceiptEvent } from '../../src/domain/events.ts';
import { shownFailure, type TargetView, targetsOf, viewTargets } from '../../src/domain/target-view.ts';
import { aMessage, aTarget } from '../fixtures/samples.ts';

const phone = 'com.example.phone';
const a = { clientId: 'a', appPackage: phone };
const b = { clientId: 'b', appPackage: phone };
const message = aMessage({ targets: [aTarget({ ...a, userId: 'user-1' }), aTarget({ ...b, channel: 'm2m' })] });
const { msgId } = message;
const group = { msgId, group: '0', channel: 'jpush', appPackage: phone, round: 0 } as const;

type Event = MessageEvent | ReceiptEvent;
const accepted: Event = { type: 'MessageAccepted', data: message };
const prepared: Event = { type: 'MessageDispatchPrepared', data: { ...group, targets: ['a', 'b'] } };
const dispatched = (...targets: string[]): Event => ({ type: 'MessageDispatched', data: { ...group, targets } });
const failed = (failure: FailureCode, reason = 'because', ...targets: string[]): Event => ({
  type: 'MessageDispatchFailed',
  data: { ...group, targets: targets.length === 0 ? ['a'] : targets, failure, reason },
});
const expired: Event = { type: 'MessageExpired', data: { msgId, targets: [a] } };
const cancelled = (cause: 'requested' | 'burn' = 'requested'): Event => ({
  type: 'MessageDisplayCancelled',
  data: { msgId, cause, targets: [a] },
});
const erased: Event = { type: 'MessageErased', data: { msgId, cause: 'requested', targets: [a, b] } };
const received: Event = { type: 'MessageReceived', data: { msgId, ...a } };
const displayed: Event = { type: 'MessageDisplayed', data: { msgId, ...a } };
const answered: Event = { type: 'MessageAnswered', data: { msgId, ...a } };

/** The n-th event happens at second n. */
const at = (second: number): string => `2026-03-01T00:00:0${second}.000Z`;
const views = (...events: Event[]): TargetView[] =>
  viewTargets([accepted, ...events].map((event, second) => ({ event, metadata: { at: at(second) } })));
const first = (...events: Event[]): TargetView => views(...events)[0] as TargetView;

describe('a target', () => {
  test('begins as it was settled at acceptance, not sent', () => {
    expect(views()).toEqual(message.targets.map((target) => ({ ...target, msgId, status: 0 })));
  });

  test('is not moved by a preparation', () => {
    expect(views(prepared)).toEqual(views());
  });

  test('is sent once the provider took it, and keeps the time of the first hand-over', () => {
    expect(first(dispatched('a'))).toMatchObject({ status: 1, pushTime: at(1) });
    expect(first(dispatched('a'), dispatched('a'))).toMatchObject({ status: 1, pushTime: at(1) });
    expect(views(dispatched('a'))[1]).toMatchObject({ status: 0 });
  });

  test('goes up with the reports, and keeps the time of the newest', () => {
    expect(first(dispatched('a'), received)).toMatchObject({ status: 2, reportTime: at(2) });
    expect(first(dispatched('a'), received, displayed)).toMatchObject({ status: 3, reportTime: at(3) });
    expect(first(dispatched('a'), answered)).toMatchObject({ status: 4, pushTime: at(1), reportTime: at(2) });
  });

  test('may be reported before the note that it was sent, and does not step back', () => {
    const view = first(displayed, dispatched('a'));
    expect(view).toMatchObject({ status: 3, reportTime: at(1), pushTime: at(2) });
  });

  test('does not step back when reports overtake each other', () => {
    expect(first(answered, received)).toMatchObject({ status: 4, reportTime: at(2) });
  });

  test('keeps the first reason why it was not sent to', () => {
    const view = first(failed('gaveUp', 'first'), failed('refused', 'second'), expired);
    expect(view.failure).toEqual({ code: 'gaveUp', reason: 'first' });
    expect(first(expired, failed('gaveUp')).failure?.code).toBe('expired');
  });

  test('is not touched by events of others', () => {
    const other = views(failed('refused'), expired, cancelled(), displayed)[1];
    expect(other).toEqual(views()[1]);
    expect(views(failed('refused', 'x', 'b'))[0]).toEqual(views()[0]);
    expect(views({ ...received, data: { msgId, clientId: 'a', appPackage: 'other' } })[0]).toEqual(views()[0]);
  });

  test.each([
    [[], 5],
    [[dispatched('a')], 5],
    [[answered], 5],
    [[erased], 6],
  ] as const)('after %j a cancelled display leaves it at %s', (before, status) => {
    expect(first(...before, cancelled())).toMatchObject({ status });
  });

  test('takes no report any more once cancelled or erased', () => {
    expect(first(cancelled(), answered)).toMatchObject({ status: 5 });
    expect(first(erased, answered)).toMatchObject({ status: 6 });
  });

  test('is erased with all others', () => {
    expect(views(dispatched('a'), erased).map(({ status }) => status)).toEqual([6, 6]);
    expect(views(cancelled(), erased).map(({ status }) => status)).toEqual([6, 6]);
  });
});

describe('the failure to show', () => {
  const shown = (...events: Event[]) => shownFailure(first(...events))?.code;

  test.each(['pushIdRejected', 'refused', 'gaveUp', 'unregistered'] as const)('%s, while it is not sent', (code) => {
    expect(shown(failed(code))).toBe(code);
  });

  test('expired, when its time ran out', () => {
    expect(shown(expired)).toBe('expired');
  });

  test('none while nothing failed', () => {
    expect(shown()).toBeUndefined();
    expect(shown(dispatched('a'))).toBeUndefined();
  });

  test('none once it was sent after all, or reported', () => {
    expect(shown(failed('gaveUp'), dispatched('a'))).toBeUndefined();
    expect(shown(expired, dispatched('a'))).toBeUndefined();
    expect(shown(failed('gaveUp'), received)).toBeUndefined();
  });

  test('cancelled, if it was never sent to, also after a burn', () => {
    expect(shown(cancelled())).toBe('cancelled');
    expect(shown(cancelled('burn'))).toBe('cancelled');
  });

  test('the earlier one, if it failed before it was cancelled', () => {
    expect(shown(failed('refused'), cancelled())).toBe('refused');
  });

  test('none of a target that was sent to or reported before it was cancelled', () => {
    expect(shown(dispatched('a'), cancelled())).toBeUndefined();
    expect(shown(failed('gaveUp'), dispatched('a'), cancelled())).toBeUndefined();
    expect(shown(received, cancelled())).toBeUndefined();
  });

  test('none once it was erased', () => {
    expect(shown(failed('refused'), erased)).toBeUndefined();
  });
});

describe('which targets an event speaks of', () => {
  test.each([
    [accepted, message.targets],
    [erased, [a, b]],
    [prepared, []],
    [dispatched('a', 'b'), [a, b]],
    [failed('refused', 'because', 'b'), [b]],
    [expired, [a]],
    [cancelled(), [a]],
    [received, [a]],
    [displayed, [a]],
    [answered, [a]],
  ])('$type', (event, targets) => {
    expect(targetsOf(event)).toEqual(targets);
  });
});
