/**
 * A message's stream as a worker of this process reads it and appends to it. Its jobs that run at once share it: they
 * take turns and each goes on from where the one before left the stream, instead of contending for it.
 */
import type { MessageEvent } from '../../domain/events.ts';
import { type KnownMessage, type MessageCommand, type MessageState, messageDecider } from '../../domain/message.ts';
import { messageStream } from '../../domain/streams.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog, RecordedEvent } from '../../ports/event-log.ts';
import { execute, folded, type Loaded, patience } from '../../ports/eventsourcing/execute.ts';
import { workerContext } from './context.ts';

/** Other processes go on with the same message: some seconds of conflicts, then the job goes back to its queue. */
const PATIENCE = patience(50);

export interface OpenMessage {
  /** As it stood when it was opened, or later. */
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
  /** Reads the stream. @returns nothing as long as it can't be seen here @throws StoreUnavailable, UndecodableEvent */
  open(): Promise<OpenMessage | undefined>;
}

export function messageSession(log: EventLog, clock: Clock, msgId: string): MessageSession {
  const stream = messageStream(msgId);
  let newest: Loaded<MessageState> = { state: messageDecider.initialState(), revision: 'noStream' };
  let accepted: RecordedEvent | undefined;
  let last: Promise<unknown> = Promise.resolve();

  /** A reader may lag behind earlier appends and reads of this process: an older state is never used. */
  const keep = (loaded: Loaded<MessageState>): void => {
    if (loaded.revision === 'noStream') return;
    if (newest.revision === 'noStream' || loaded.revision > newest.revision) newest = loaded;
  };

  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };

  const recordAs =
    (cause: RecordedEvent): OpenMessage['record'] =>
    (command, scope) =>
      inTurn(async () => {
        const result = await execute(log, messageDecider, stream, command, {
          context: workerContext(cause, clock),
          cause: `${cause.id} ${command.type} ${scope}`,
          loaded: newest,
          patience: PATIENCE,
        });
        if (result.type !== 'done') return [];
        keep(result.loaded);
        return result.events;
      });

  return {
    async open() {
      const history = await log.readStream(stream);
      accepted ??= history[0];
      keep(folded(messageDecider, history));
      const { state } = newest;
      return state.status === 'none' || accepted === undefined
        ? undefined
        : { state, accepted, record: recordAs(accepted) };
    },
  };
}

/** Gives all concurrent runs of a message the same session, and forgets it after the last of them. */
export function messageSessions(
  log: EventLog,
  clock: Clock,
): <R>(msgId: string, work: (message: MessageSession) => Promise<R>) => Promise<R> {
  const atHand = new Map<string, { readonly message: MessageSession; users: number }>();
  return async (msgId, work) => {
    const shared = atHand.get(msgId) ?? { message: messageSession(log, clock, msgId), users: 0 };
    atHand.set(msgId, shared);
    shared.users += 1;
    try {
      return await work(shared.message);
    } finally {
      shared.users -= 1;
      if (shared.users === 0) atHand.delete(msgId);
    }
  };
}
