/** A command on a stream whose answer is remembered together with its events (`docs/api.md §2 Idempotency`). */
import type { Decider } from '../domain/decider.ts';
import type { EventContext, UmsEvent } from '../domain/events.ts';
import { type Position, START } from '../domain/position.ts';
import type { Rejection } from '../domain/result-codes.ts';
import type { StreamName } from '../domain/streams.ts';
import type { AppendOptions, EventLog, RequestRecord, StoredRequest } from '../ports/event-log.ts';
import { type ExecuteOptions, execute } from '../ports/eventsourcing/execute.ts';
import { inTurn } from '../ports/eventsourcing/turns.ts';

/** The key that makes a request the same as an earlier one, and the fingerprint that must be equal then. */
export type RequestIdentity = Pick<RequestRecord, 'key' | 'fingerprint'>;

/** The request behind a command. */
export interface Cause<E extends UmsEvent, State = unknown> {
  readonly context: EventContext;
  /** Set where the answer is to be remembered. */
  readonly request?: RequestIdentity | undefined;
  /** Makes the answer, JSON text. @param after the stream's state with the events, of which there may be none */
  readonly answerOf: (events: readonly E[], after: State) => string;
}

export type CommandOutcome =
  | {
      readonly type: 'done';
      readonly answer: string;
      /** Of the last event or, if there was nothing to append, of the newest one that the answer rests on. */
      readonly position: Position;
    }
  | Rejection
  | { readonly type: 'duplicateRequest'; readonly earlier: StoredRequest };

/**
 * A command that has nothing to append answers like any other, and its answer is remembered without events: the same
 * request, repeated after another one has changed the stream, must have no effect.
 * @throws StoreUnavailable when the stream stays contended, or the store is away
 */
export async function executeRemembered<State, Command, E extends UmsEvent>(
  log: EventLog,
  decider: Decider<State, Command, E>,
  stream: StreamName,
  command: Command,
  cause: Cause<E, State>,
  more: Pick<ExecuteOptions<State, E>, 'loaded' | 'load'> & Pick<AppendOptions, 'content'> = {},
): Promise<CommandOutcome> {
  const { request } = cause;
  const { content, ...reading } = more;
  let answer = '';
  const run = () =>
    execute(log, decider, stream, command, {
      ...reading,
      context: cause.context,
      appendOptions: (events, after) => {
        answer = cause.answerOf(events, after);
        return { content, request: request && { ...request, answer } };
      },
    });
  // A stream that the caller knows already is its own.
  const result = await (more.loaded === undefined ? inTurn(log, stream, run) : run());
  if (result.type !== 'done') return result;
  if (result.position !== undefined) return { type: 'done', answer, position: result.position };

  answer = cause.answerOf(result.events, result.loaded.state);
  const position = result.loaded.position ?? START;
  const earlier = request && (await log.remember({ ...request, answer }, position));
  return earlier === undefined ? { type: 'done', answer, position } : { type: 'duplicateRequest', earlier };
}
