/**
 * A message's stream, as this process reads it and appends to it. All jobs of the message share the session: they take
 * turns, and each goes on reading where the previous one stopped.
 */

import { fold } from '../../domain/decider.ts';
import type { EventOf, MessageEvent } from '../../domain/events.ts';
import {
  type KnownMessage,
  type MessageCommand,
  type MessageState,
  messageDecider,
  ownedMessageDecider,
} from '../../domain/message.ts';
import { messageStream } from '../../domain/streams.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog, RecordedEvent } from '../../ports/event-log.ts';
import { execute, type Loaded, patience } from '../../ports/eventsourcing/execute.ts';
import { workerContext } from './context.ts';

/**
 * For conflicts with other processes on the same message: after some seconds of them the job goes back to its queue.
 */
const PATIENCE = patience(50);

/** For decisions alone: the session folds events only when it knows that they were appended. */
const statelessDecider: typeof messageDecider = { ...messageDecider, evolveAll: (state) => state };

export interface OpenMessage {
  /** The state at the time of opening, or a later one: the session updates it with every event that it learns of. */
  readonly state: KnownMessage;
  /** The cause of all events that a worker records for the message. */
  readonly accepted: RecordedEvent;
  /**
   * Decides on the current state of the stream; a target that has an outcome gets no second one. Each kind of outcome
   * of a group and round has its own event ids.
   * @param scope distinguishes this outcome from others of its kind in the stream; a repeated one must have the same
   * scope
   * @returns the recorded events, none if there was nothing to record
   * @throws StreamContended, StoreUnavailable
   */
  record(command: Exclude<MessageCommand, { type: 'Accept' }>, scope: string): Promise<readonly MessageEvent[]>;
}

export interface MessageSession {
  /**
   * Reads the new events of the stream.
   * @param guarded the caller records an event before it has an effect outside. Then the first call does not read: the
   * event with which the session began counts as the whole stream. If there is more, the append of the caller's event
   * meets a conflict and is decided again
   * @returns `undefined` as long as the message is not visible here
   * @throws StoreUnavailable, UndecodableEvent
   */
  open(guarded?: boolean): Promise<OpenMessage | undefined>;
  /** Number of the message's targets; 0 while the message is not visible here. */
  size(): number;
  /** Whether every target has an outcome. */
  isSettled(): boolean;
}

/** @param begun the message's first event, if the caller has it */
export function messageSession(
  log: EventLog,
  clock: Clock,
  msgId: string,
  begun?: RecordedEvent<EventOf<'MessageAccepted'>>,
): MessageSession {
  const stream = messageStream(msgId);
  let newest: Loaded<MessageState> = { state: ownedMessageDecider.initialState(), revision: 'noStream' };
  let accepted: RecordedEvent | undefined;
  let isUnread = begun !== undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** The state is changed in place, so all reads and appends take turns. */
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  /** A read that lags behind may give events that were read or appended here before. */
  const isNew = ({ revision }: RecordedEvent): boolean => newest.revision === 'noStream' || revision > newest.revision;

  const take = (read: readonly RecordedEvent[]): void => {
    const events = read.filter(isNew);
    const end = events.at(-1);
    if (end === undefined) return;
    accepted ??= events[0];
    const told = events.map(({ event }) => event as MessageEvent);
    newest = { state: fold(ownedMessageDecider, newest.state, told), revision: end.revision };
  };
  if (begun !== undefined) take([begun]);

  const readOn = async (): Promise<Loaded<MessageState>> => {
    take(newest.revision === 'noStream' ? await log.readStream(stream) : await log.readStream(stream, newest.revision));
    return newest;
  };

  const recordAs =
    (cause: RecordedEvent): OpenMessage['record'] =>
    (command, scope) =>
      inTurn(async () => {
        const result = await execute(log, statelessDecider, stream, command, {
          context: workerContext(cause, clock),
          cause: `${cause.id} ${command.type} ${scope}`,
          loaded: newest,
          load: readOn,
          patience: PATIENCE,
        });
        if (result.type !== 'done') return [];
        const state = fold(ownedMessageDecider, newest.state, result.events);
        newest = { state, revision: result.loaded.revision };
        return result.events;
      });

  const opened = (): OpenMessage | undefined => {
    const { state } = newest;
    return state.status === 'none' || accepted === undefined
      ? undefined
      : { state, accepted, record: recordAs(accepted) };
  };

  return {
    async open(guarded = false) {
      const isEnough = guarded && isUnread;
      isUnread = false;
      if (!isEnough) await inTurn(readOn);
      return opened();
    },
    size: () => (newest.state.status === 'none' ? 0 : newest.state.message.targets.length),
    isSettled: () =>
      newest.state.status !== 'none' && newest.state.outcomes.size >= newest.state.message.targets.length,
  };
}
