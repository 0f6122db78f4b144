/** A command on a stream whose answer is remembered together with its events (`docs/api.md §2 Idempotency`). */
import type { Decider } from '../domain/decider.ts';
import type { EventContext, UmsEvent } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import type { Rejection } from '../domain/result-codes.ts';
import type { StreamName } from '../domain/streams.ts';
import type { AppendOptions, EventLog, RequestRecord, StoredRequest } from '../ports/event-log.ts';
import { type ExecuteOptions, execute } from '../ports/eventsourcing/execute.ts';

/** What makes a request the same as an earlier one, and what must not differ then. */
export type RequestIdentity = Pick<RequestRecord, 'key' | 'fingerprint'>;

/** The request behind a command. */
export interface Cause<E extends UmsEvent> {
  readonly context: EventContext;
  /** Set where the answer is to be remembered. */
  readonly request?: RequestIdentity | undefined;
  /** Makes the answer from the events, JSON text. */
  readonly answerOf: (events: readonly E[]) => string;
}

export type CommandOutcome =
  | {
      readonly type: 'done';
      readonly answer: string;
      /** Of the last event; `undefined` if there was nothing to append. */
      readonly position: Position | undefined;
    }
  | Rejection
  | { readonly type: 'duplicateRequest'; readonly earlier: StoredRequest };

/** @throws StoreUnavailable when the stream stays contended, or the store is away */
export async function executeRemembered<State, Command, E extends UmsEvent>(
  log: EventLog,
  decider: Decider<State, Command, E>,
  stream: StreamName,
  command: Command,
  cause: Cause<E>,
  more: Pick<ExecuteOptions<State, E>, 'loaded'> & Pick<AppendOptions, 'content'> = {},
): Promise<CommandOutcome> {
  const { request } = cause;
  let answer: string | undefined;
  const result = await execute(log, decider, stream, command, {
    context: cause.context,
    loaded: more.loaded,
    appendOptions: (events) => {
      answer = cause.answerOf(events);
      return { content: more.content, request: request && { ...request, answer } };
    },
  });
  if (result.type !== 'done') return result;
  return { type: 'done', answer: answer ?? cause.answerOf(result.events), position: result.position };
}
