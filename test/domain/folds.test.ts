/** Properties of every sequence of commands against every decider. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEvent, encodeEvent } from '../../src/domain/codec.ts';
import { type Decider, fold } from '../../src/domain/decider.ts';
import { failureCodes, targetKey, type UmsEvent } from '../../src/domain/events.ts';
import { type MessageCommand, messageDecider } from '../../src/domain/message.ts';
import { type ReportCommand, receiptDecider, reportedStatus } from '../../src/domain/receipt.ts';
import { type RegistrationCommand, registrationDecider } from '../../src/domain/registration.ts';
import { viewTargets } from '../../src/domain/target-view.ts';
import { aContext, aMessage, aRegistration, aTarget } from '../fixtures/samples.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const few = (...values: string[]) => fc.constantFrom(...values);

interface Step<State, Command, E> {
  readonly command: Command;
  readonly before: State;
  readonly after: State;
  readonly events: readonly E[];
  readonly refused: boolean;
}

/** Runs the commands one after another, as `execute` does, and returns the result of each. */
function run<State, Command, E extends UmsEvent>(decider: Decider<State, Command, E>, commands: readonly Command[]) {
  const steps: Step<State, Command, E>[] = [];
  let state = decider.initialState();
  for (const command of commands) {
    const decision = decider.decide(command, state);
    const events = decision.type === 'decided' ? decision.events : [];
    const after = fold(decider, state, events);
    steps.push({ command, before: state, after, events, refused: decision.type === 'rejected' });
    state = after;
  }
  return { steps, state, history: steps.flatMap(({ events }) => events) };
}

/** Replays the appended events, through storage, and compares. */
function expectReplay<State, E extends UmsEvent>(
  decider: Decider<State, never, E>,
  { history, state }: { history: readonly E[]; state: State },
): void {
  const stored = history.map((event) => decodeEvent(encodeEvent(event, aContext())).event as E);
  expect(fold(decider, decider.initialState(), stored)).toEqual(state);
  expect(stored.reduce(decider.evolve, decider.initialState())).toEqual(state);
}

describe('registration', () => {
  const userId = optional(few('user-1', 'user-2'));
  const pushId = few('push-1', 'push-2');
  const aCommand: fc.Arbitrary<RegistrationCommand> = fc.oneof(
    fc
      .record({
        userId,
        userName: optional(few('王', '李')),
        deviceName: optional(few('a', 'b')),
        pushId,
        firstRegisteredAt: few('2026-01-01T00:00:00.000Z', '2026-02-02T00:00:00.000Z'),
      })
      .map((carried) => ({ type: 'Register' as const, registration: aRegistration(carried) })),
    userId.map((id) => ({ type: 'Unregister' as const, userId: id })),
    pushId.map((id) => ({ type: 'RejectPushId' as const, pushId: id })),
  );
  const commands = fc.array(aCommand, { maxLength: 30 });

  test('a replay of its events, through storage, leads to the same state', () => {
    fc.assert(fc.property(commands, (them) => expectReplay(registrationDecider, run(registrationDecider, them))));
  });

  test('its status goes the ways of the contract only', () => {
    const allowed = ['none→1', '1→3', '3→3', '2→1', '1→2', '3→2'];
    fc.assert(
      fc.property(commands, (them) => {
        for (const { before, after, events } of run(registrationDecider, them).steps) {
          expect(events.length).toBeLessThanOrEqual(1);
          const statuses = [before, after].map((state) =>
            state.status === 'none' ? 'none' : state.registrationStatus,
          );
          if (events.length > 0) expect(allowed).toContain(statuses.join('→'));
          else expect(after).toBe(before);
        }
      }),
    );
  });

  test('it stays that of the first registration, and has no userName without its user', () => {
    fc.assert(
      fc.property(commands, (them) => {
        const { steps } = run(registrationDecider, them);
        const known = steps.flatMap(({ after }) => (after.status === 'known' ? [after.registration] : []));
        for (const registration of known) {
          expect(registration.firstRegisteredAt).toBe(known[0]?.firstRegisteredAt);
          if (registration.userId === undefined) expect(registration.userName).toBeUndefined();
        }
      }),
    );
  });

  test('ending it twice has no second effect', () => {
    fc.assert(
      fc.property(commands, aCommand, (them, last) => {
        fc.pre(last.type !== 'Register');
        const { steps } = run(registrationDecider, [...them, last, last]);
        expect(steps.at(-1)?.events).toEqual([]);
      }),
    );
  });
});

describe('message', () => {
  const message = aMessage({
    targets: ['a', 'b', 'c'].flatMap((clientId) =>
      ['com.example.phone', 'com.example.tablet'].map((appPackage) => aTarget({ clientId, appPackage })),
    ),
  });
  const EXPIRY = Date.parse(message.expiresAt);
  const aGroup = fc.record({
    msgId: fc.constant(message.msgId),
    group: few('0', '1', '0-1'),
    channel: fc.constant('jpush' as const),
    appPackage: few('com.example.phone', 'com.example.tablet'),
    targets: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
    round: fc.nat({ max: 2 }),
  });
  const aPart = aGroup.map((group) => ({ ...group, group: '0-1', targets: ['b'] }));
  const aCommand: fc.Arbitrary<MessageCommand> = fc.oneof(
    fc.constant({ type: 'Accept' as const, message }),
    fc.record({
      type: fc.constant('PrepareDispatch' as const),
      group: aGroup,
      idempotencyKey: optional(few('k1', 'k2')),
      replaces: optional(few('k1', 'k2')),
    }),
    fc.record({ type: fc.constant('GoAlone' as const), parts: fc.array(aPart, { maxLength: 3 }) }),
    fc.record({ type: fc.constant('RecordDispatched' as const), group: aGroup }),
    fc.record({
      type: fc.constant('RecordFailure' as const),
      group: aGroup,
      failure: fc.constantFrom(...failureCodes),
      reason: fc.constant('because'),
    }),
    fc.record({ type: fc.constant('Expire' as const), now: fc.constantFrom(EXPIRY - 1, EXPIRY, EXPIRY + 1) }),
  );
  const commands = fc
    .array(aCommand, { maxLength: 30 })
    .map((them): MessageCommand[] => [{ type: 'Accept', message }, ...them]);

  test('a replay of its events, through storage, leads to the same state', () => {
    fc.assert(fc.property(commands, (them) => expectReplay(messageDecider, run(messageDecider, them))));
  });

  test('no command is refused, and none has a second effect', () => {
    fc.assert(
      fc.property(commands, aCommand, (them, last) => {
        const { steps } = run(messageDecider, [...them, last, last]);
        expect(steps.every(({ refused }) => !refused)).toBe(true);
        expect(steps.at(-1)?.events).toEqual([]);
      }),
    );
  });

  test('a sent target stays sent, and of the other outcomes only giving up can be followed by anything but being sent', () => {
    fc.assert(
      fc.property(commands, (them) => {
        for (const { before, after } of run(messageDecider, them).steps) {
          if (before.status === 'none' || after.status === 'none') continue;
          for (const [key, outcome] of before.outcomes) {
            const now = after.outcomes.get(key);
            if (outcome.type === 'failed' && outcome.failure === 'gaveUp') expect(now).toBeDefined();
            else if (now?.type !== 'sent') expect(now).toEqual(outcome);
            if (outcome.type === 'sent') expect(now).toEqual(outcome);
          }
        }
      }),
    );
  });

  test('each target is recorded as sent once', () => {
    fc.assert(
      fc.property(commands, (them) => {
        const sent = run(messageDecider, them).history.flatMap((event) =>
          event.type === 'MessageDispatched'
            ? event.data.targets.map((clientId) => targetKey({ clientId, appPackage: event.data.appPackage }))
            : [],
        );
        expect(new Set(sent).size).toBe(sent.length);
      }),
    );
  });

  test('after its expiry every target has an outcome', () => {
    fc.assert(
      fc.property(commands, (them) => {
        const { state } = run(messageDecider, [...them, { type: 'Expire', now: EXPIRY }]);
        expect(state.status === 'accepted' && state.outcomes.size).toBe(message.targets.length);
      }),
    );
  });

  test('no target steps back, or loses its push time or first failure, as its history grows', () => {
    fc.assert(
      fc.property(commands, (them) => {
        const { history } = run(messageDecider, them);
        const dated = history.map((event, second) => ({
          event,
          metadata: { at: new Date(second * 1000).toISOString() },
        }));
        let before = viewTargets(dated.slice(0, 1));
        for (const length of dated.keys()) {
          const now = viewTargets(dated.slice(0, length + 1));
          for (const [index, view] of now.entries()) {
            const earlier = before[index];
            expect(view.status).toBeGreaterThanOrEqual(earlier?.status ?? 0);
            if (earlier?.pushTime !== undefined) expect(view.pushTime).toBe(earlier.pushTime);
            if (earlier?.failure !== undefined) expect(view.failure).toEqual(earlier.failure);
          }
          before = now;
        }
      }),
    );
  });
});

describe('receipt', () => {
  const target = fc.record({ clientId: fc.constant('a'), appPackage: few('com.example.phone', 'com.example.tablet') });
  const aCommand: fc.Arbitrary<ReportCommand> = fc.record({
    type: fc.constant('Report' as const),
    msgId: fc.constant('m1'),
    target,
    status: fc.constantFrom(2 as const, 3 as const, 4 as const),
    closedBy: fc.option(fc.constantFrom(5 as const, 6 as const), { nil: undefined, freq: 10 }),
  });
  const commands = fc.array(aCommand, { maxLength: 20 });

  test('a replay of its events, through storage, leads to the same state', () => {
    fc.assert(fc.property(commands, (them) => expectReplay(receiptDecider, run(receiptDecider, them))));
  });

  test('each report of a package is above the one before, and any other is refused', () => {
    fc.assert(
      fc.property(commands, (them) => {
        for (const { command, before, events, refused } of run(receiptDecider, them).steps) {
          const current = before.get(command.target.appPackage) ?? 0;
          expect(refused).toBe(command.closedBy !== undefined || command.status <= current);
          expect(events.map(reportedStatus)).toEqual(refused ? [] : [command.status]);
        }
      }),
    );
  });

  test('a report again is refused', () => {
    fc.assert(
      fc.property(commands, aCommand, (them, last) => {
        expect(run(receiptDecider, [...them, last, last]).steps.at(-1)?.refused).toBe(true);
      }),
    );
  });
});
