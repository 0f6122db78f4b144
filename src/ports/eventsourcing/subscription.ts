/** Follows the log from a checkpoint, batch by batch, and comes back after failures, for as long as it is wanted. */
import { UndecodableEvent } from '../../domain/codec.ts';
import type { UmsEvent } from '../../domain/events.ts';
import type { Position } from '../../domain/position.ts';
import type { Documents } from '../documents.ts';
import type { EventLog, LogFilter, RecordedEvent } from '../event-log.ts';
import type { Logger } from '../logger.ts';
import { type Loop, pause, restartDelay, startLoop } from './loop.ts';

/** A subscription that has taken nothing for this long saves how far it has read, in ms. */
const IDLE_MS = 1_000;

/** An event that a follower can't take. It stops the follower: what comes after it would build on a gap. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';
}

export type SubscriptionState =
  | { readonly status: 'running' | 'stopped' }
  /** Goes on by itself, from where its checkpoint then stands. */
  | { readonly status: 'waiting'; readonly error: Error }
  /** Has met an event that it can't take: needs a person. */
  | { readonly status: 'failed'; readonly error: Error };

export interface Subscription extends Loop {
  readonly name: string;
  state(): SubscriptionState;
  /** Finishes the write at hand. */
  stop(): Promise<void>;
}

/**
 * Takes a batch and moves the checkpoint along with it.
 * @param from where the checkpoint stands
 * @param signal once it aborts, the rest of the batch may be left
 * @returns where the checkpoint stands now
 * @throws PoisonEvent, with all before that event taken; CheckpointLost, StoreUnavailable
 */
export type TakeBatch<E extends UmsEvent> = (
  events: readonly RecordedEvent<E>[],
  from: Position,
  signal: AbortSignal,
) => Promise<Position>;

export interface SubscriptionOptions<E extends UmsEvent> {
  /** Also that of its checkpoint. */
  readonly name: string;
  /** Lets events of type `E` through only. */
  readonly filter: LogFilter;
  /** Called at every start from the checkpoint. What it gives takes the batches from there on, in order, until one fails. */
  readonly begin: () => TakeBatch<E>;
  /**
   * Moves the checkpoint over events of others, so that the next start need not read them again. There is nothing to take
   * between `from`, where the checkpoint stands, and `to`. @throws CheckpointLost, StoreUnavailable
   */
  readonly passOver: (from: Position, to: Position) => Promise<void>;
}

export interface SubscriptionDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly logger: Logger;
}

export function startSubscription<E extends UmsEvent>(
  options: SubscriptionOptions<E>,
  deps: SubscriptionDeps,
): Subscription {
  const { name } = options;
  let state: SubscriptionState = { status: 'running' };

  const run = async (signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await follow(options, deps, signal, () => {
          failures = 0;
          state = { status: 'running' };
        });
      } catch (error) {
        state = stateAfter(error as Error);
        deps.logger.error({ follower: name, err: error }, `follower ${state.status}`);
        if (state.status === 'failed') return;
      }
      await pause(restartDelay(failures), signal);
    }
    state = { status: 'stopped' };
  };

  return { name, state: () => state, ...startLoop(run) };
}

/**
 * What is left undone for want of the store is done later. A checkpoint that stands elsewhere is no harm either: a write
 * whose answer did not come in time was committed after all, or a rebuild was swapped in.
 */
function stateAfter(error: Error): SubscriptionState {
  const forGood = error instanceof PoisonEvent || error instanceof UndecodableEvent;
  return { status: forGood ? 'failed' : 'waiting', error };
}

async function follow<E extends UmsEvent>(
  { name, filter, begin, passOver }: SubscriptionOptions<E>,
  { log, documents }: SubscriptionDeps,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> {
  const take = begin();
  let position = await documents.checkpoint(name);
  let takenAt = Number.NEGATIVE_INFINITY;
  for await (const { events, scanned, caughtUp } of log.subscribe(position, filter, signal)) {
    if (events.length > 0) {
      position = await take(events as readonly RecordedEvent<E>[], position, signal);
      takenAt = performance.now();
    }
    // The rest of that batch may have been left.
    if (signal.aborted) return;
    // Empty batches come after many events of others, and at the end of the log.
    const isWorthIt = !caughtUp || performance.now() - takenAt >= IDLE_MS;
    if (events.length === 0 && scanned > position && isWorthIt) {
      await passOver(position, scanned);
      position = scanned;
    }
    onProgress();
  }
  if (!signal.aborted) throw new Error('the subscription has ended');
}
