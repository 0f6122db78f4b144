import type { UmsEvent } from './events.ts';
import type { Rejection } from './result-codes.ts';

/** The result of a command: events to append (none if there is nothing to do, which is fine), or a refusal. */
export type Decision<E extends UmsEvent> = { readonly type: 'decided'; readonly events: readonly E[] } | Rejection;

/** The pure core of a stream: its first state, the effect of each event on it, and the events that a command causes. */
export interface Decider<State, Command, E extends UmsEvent> {
  readonly initialState: () => State;
  readonly evolve: (state: State, event: E) => State;
  /** `evolve` for one event after the other, where a state is too large to be copied for each of them. */
  readonly evolveAll?: (state: State, events: Iterable<E>) => State;
  readonly decide: (command: Command, state: State) => Decision<E>;
}

export function decided<E extends UmsEvent>(...events: E[]): Decision<E> {
  return { type: 'decided', events };
}

/** Folds events into the state that they lead to from a state before, which stays as it was. */
export function fold<State, Command, E extends UmsEvent>(
  { evolve, evolveAll }: Decider<State, Command, E>,
  before: State,
  events: Iterable<E>,
): State {
  if (evolveAll !== undefined) return evolveAll(before, events);
  let state = before;
  for (const event of events) state = evolve(state, event);
  return state;
}

/** For the default branch of a switch over a closed union: a new member breaks the build here. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
