/** Decider specs: given a history, when a command comes, then these events, or nothing, or a refusal. */
import { expect } from 'vitest';
import { type Decider, fold } from '../../src/domain/decider.ts';
import type { UmsEvent } from '../../src/domain/events.ts';
import type { RefusalCode } from '../../src/domain/result-codes.ts';

export interface Then<E> {
  events(...expected: E[]): void;
  nothing(): void;
  refused(code: RefusalCode): void;
}

export interface Given<State, Command, E> {
  /** The state that the history leads to. */
  readonly state: State;
  /** Expectations are checked as they are said: `given(…).when(command).events(…)`. */
  when(command: Command): Then<E>;
}

/** `given` for one decider. */
export function specOf<State, Command, E extends UmsEvent>(
  decider: Decider<State, Command, E>,
): (...history: E[]) => Given<State, Command, E> {
  return (...history) => {
    const state = fold(decider, decider.initialState(), history);
    return {
      state,
      when(command) {
        const decision = decider.decide(command, state);
        return {
          events: (...events) => expect(decision).toEqual({ type: 'decided', events }),
          nothing: () => expect(decision).toEqual({ type: 'decided', events: [] }),
          refused: (code) => expect(decision).toMatchObject({ type: 'rejected', code }),
        };
      },
    };
  };
}
