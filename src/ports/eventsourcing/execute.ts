/** Load → fold → decide → append, for every command on a stream (`docs/architecture.md §Commands`). */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Decider, fold } from '../../domain/decider.ts';
import { eventId } from '../../domain/event-id.ts';
import type { EventContext, UmsEvent } from '../../domain/events.ts';
import type { Position } from '../../domain/position.ts';
import type { Rejection } from '../../domain/result-codes.ts';
import type { StreamName } from '../../domain/streams.ts';
import { StoreUnavailable } from '../errors.ts';
import type {
  AppendOptions,
  EventLog,
  ExpectedRevision,
  NewEvent,
  RecordedEvent,
  StoredRequest,
} from '../event-log.ts';
import { backoffMs } from './backoff.ts';

/**
 * The stream changed each time before the command could be appended. At the edge of the API it is a StoreUnavailable.
 */
export class StreamContended extends StoreUnavailable {}

/** How many conflicts a command tolerates. */
export interface Patience {
  /** Appends that are tried at most, each decided on fresh state. */
  readonly tries: number;
  /** Waits before the next one. @param conflicts in a row so far, from 1 */
  readonly pause: (conflicts: number) => Promise<void>;
}

const CONFLICT_PAUSE = { baseMs: 2, capMs: 100 };

/** For a command whose caller waits for an answer: about 1.5 s at most. */
const impatient = patience(20);

export function patience(tries: number): Patience {
  return { tries, pause: (conflicts) => sleep(backoffMs(CONFLICT_PAUSE, conflicts)) };
}

export interface ExecuteOptions<State, E extends UmsEvent> {
  readonly context: EventContext;
  /** The cause in the event ids, where one causing event leads to several appends; `causationId` if absent. */
  readonly cause?: string;
  /** Options of the append, for instance a request record. @param after the state with the decided events */
  readonly appendOptions?: (events: readonly E[], after: State) => AppendOptions;
  /** The stream as the caller knows it, to save reading it again; after a conflict it is read afresh. */
  readonly loaded?: Loaded<State> | undefined;
  /** Reads the stream; if absent, the whole stream is read. */
  readonly load?: (log: EventLog, stream: StreamName) => Promise<Loaded<State>>;
  /** Twenty tries with short pauses if absent. */
  readonly patience?: Patience;
}

/** A stream folded into a state, and the revision that a decision on it expects. */
export interface Loaded<State> {
  readonly state: State;
  readonly revision: ExpectedRevision;
  /** Position of the newest event in the state, if it is known. */
  readonly position?: Position | undefined;
}

export type Executed<State, E extends UmsEvent> =
  | {
      readonly type: 'done';
      readonly events: readonly E[];
      /** The stream with these events. */
      readonly loaded: Loaded<State>;
      /** Position of the last event; `undefined` if there was nothing to append. */
      readonly position: Position | undefined;
    }
  | Rejection
  | { readonly type: 'duplicateRequest'; readonly earlier: StoredRequest };

/** @throws StreamContended if every try ended in a conflict; StoreUnavailable */
export async function execute<State, Command, E extends UmsEvent>(
  log: EventLog,
  decider: Decider<State, Command, E>,
  stream: StreamName,
  command: Command,
  options: ExecuteOptions<State, E>,
): Promise<Executed<State, E>> {
  const { tries, pause } = options.patience ?? impatient;
  const read = (): Promise<Loaded<State>> => (options.load ?? whole)(log, stream);
  const whole = () => load(log, decider, stream);
  let loaded = options.loaded ?? (await read());
  for (let attempt = 1; ; attempt += 1) {
    const { state, revision } = loaded;
    const decision = decider.decide(command, state);
    if (decision.type === 'rejected') return decision;
    const { events } = decision;
    if (events.length === 0) return { type: 'done', events, loaded, position: undefined };

    const appended = newEvents(stream, events, options.context, options.cause);
    const after = fold(decider, state, events);
    const result = await log.append(stream, appended, revision, options.appendOptions?.(events, after));
    switch (result.type) {
      case 'appended': {
        const { position } = result;
        return { type: 'done', events, loaded: { state: after, revision: result.revision, position }, position };
      }
      case 'duplicateRequest':
        return result;
      case 'conflict':
        if (result.actual === 'deleted') throw new Error(`stream ${stream} was deleted`);
        if (attempt >= tries) throw new StreamContended(`stream ${stream} is contended`);
        await pause(attempt);
        loaded = await read();
    }
  }
}

async function load<State, Command, E extends UmsEvent>(
  log: EventLog,
  decider: Decider<State, Command, E>,
  stream: StreamName,
): Promise<Loaded<State>> {
  return folded(decider, await log.readStream(stream));
}

/** Folds a stream that was read. */
export function folded<State, Command, E extends UmsEvent>(
  decider: Decider<State, Command, E>,
  history: readonly RecordedEvent[],
): Loaded<State> {
  const events = history.map(({ event }) => event as E);
  const newest = history.at(-1);
  return {
    state: fold(decider, decider.initialState(), events),
    revision: newest?.revision ?? 'noStream',
    position: newest?.position,
  };
}

/** Events ready to append, with ids that follow from the stream, the cause and their place. */
export function newEvents(
  stream: StreamName,
  events: readonly UmsEvent[],
  context: EventContext,
  cause = context.causationId,
): NewEvent[] {
  return events.map((event, index) => ({
    id: eventId(stream, cause, event.type, index),
    event,
    context,
  }));
}
