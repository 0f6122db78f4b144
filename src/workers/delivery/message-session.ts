/**
 * A message's stream as a worker of this process reads it and appends to it. The message's jobs share it: they take turns,
 * and each reads on from where the one before left the stream.
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

/** Other processes go on with the same message: some seconds of conflicts, then the job goes back to its queue. */
const PATIENCE = patience(50);

/** For decisions alone: the session folds what was appended once it knows that it was. */
const statelessDecider: typeof messageDecider = { ...messageDecider, evolveAll: (state) => state };

export interface OpenMessage {
  /** As it stood when it was opened, or later: what the session learns meanwhile is in it. */
  readonly state: KnownMessage;
  /** The cause of all events that a worker records of it. */
  readonly accepted: RecordedEvent;
  /**
   * Decides on the stream as it is by then; what is settled already is not settled again. Each kind of outcome of a
   * group and round has event ids of its own.
   * @param scope tells this outcome from others of its kind on the stream; the same outcome has it again
   * @returns the recorded events, none if there was nothing to record
   * @throws StreamContended, StoreUnavailable
   */
  record(command: Exclude<MessageCommand, { type: 'Accept' }>, scope: string): Promise<readonly MessageEvent[]>;
}

export interface MessageSession {
  /**
   * Reads what is new in the stream.
   * @param guarded the caller records something before it has an effect outside. The first time, the event that the session
   * was begun with then stands for the stream: if there is more, what is recorded meets a conflict and is decided anew
   * @returns nothing as long as the message can't be seen here
   * @throws StoreUnavailable, UndecodableEvent
   */
  open(guarded?: boolean): Promise<OpenMessage | undefined>;
  /** Targets of the message; 0 while it can't be seen. */
  size(): number;
  /** Whether every target has an outcome. */
  isSettled(): boolean;
}

/** @param begun the message's first event, where the caller has it at hand */
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

  /** The state is changed in place, so all that reads or appends takes turns. */
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  /** A reader that lags may give events that were read or appended here before. */
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
