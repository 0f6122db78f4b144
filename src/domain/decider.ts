import type { UmsEvent } from './events.ts';
import type { Rejection } from './result-codes.ts';

/** What a command comes to: events to append (none: nothing to do, and that is fine), or a refusal. */
export type Decision<E extends UmsEvent> = { readonly type: 'decided'; readonly events: readonly E[] } | Rejection;

/** The pure core of a stream: how its state begins, what each event does to it, what a command means in it. */
export interface Decider<State, Command, E extends UmsEvent> {
  readonly initialState: () => State;
  readonly evolve: (state: State, event: E) => State;
  readonly decide: (command: Command, state: State) => Decision<E>;
}

export function decided<E extends UmsEvent>(...events: E[]): Decision<E> {
  return { type: 'decided', events };
}

/** Folds a history into the state it leads to. */
export function fold<State, E>(initial: State, evolve: (state: State, event: E) => State, history: Iterable<E>): State {
  let state = initial;
  for (const event of history) state = evolve(state, event);
  return state;
}

/** For the default branch of a switch over a closed union: a new member breaks the build here. */
export function never(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
