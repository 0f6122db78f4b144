/** Follows the log from a checkpoint, batch by batch, and begins again after failures, until it is stopped. */
import { UndecodableEvent } from '../../domain/codec.ts';
import type { UmsEvent } from '../../domain/events.ts';
import type { Position } from '../../domain/position.ts';
import { CheckpointLost, type Documents } from '../documents.ts';
import { StoreUnavailable } from '../errors.ts';
import type { EventLog, LogBatch, LogFilter, RecordedEvent } from '../event-log.ts';
import type { Logger } from '../logger.ts';
import type { PartStatus, Telemetry } from '../telemetry.ts';
import { type Loop, pause, restartDelay, startLoop } from './loop.ts';

/** A subscription that has taken nothing for this long saves how far it has read, in ms. */
const IDLE_MS = 1_000;

/** A subscription that has not seen the end of the log for this long is catching up, in ms. */
const BEHIND_MS = 10_000;
/** Checkpoints lost in a row, after which the subscription assumes that another runner has its place. */
const LOST_IN_A_ROW = 3;
/** Characters of an error's text that its report carries. */
const MAX_DETAIL = 300;

/** An event that a subscription can't take. It stops the subscription, since later events would build on a gap. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';
}

export type SubscriptionState =
  | { readonly status: 'running' | 'stopped' }
  /** It goes on without help, from where its checkpoint then stands. */
  | { readonly status: 'waiting'; readonly error: Error }
  /** It has met an event that it can't take, and needs a person. */
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
  /** The name that it reports under. */
  readonly part: string;
  /** Lets events of type `E` through only. */
  readonly filter: LogFilter;
  /** Called at every start from the checkpoint. Its result takes the batches from there on, in order, until one fails. */
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
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export function startSubscription<E extends UmsEvent>(
  options: SubscriptionOptions<E>,
  deps: SubscriptionDeps,
): Subscription {
  const { name, part } = options;
  const { logger, telemetry } = deps;
  let state: SubscriptionState = { status: 'running' };
  let reported: PartStatus['state'] = 'catchingUp';
  let seenEndAt = performance.now();

  const report = (status: PartStatus): void => {
    reported = status.state;
    telemetry?.report(part, status);
  };

  const onProgress = ({ caughtUp, behind, newestAt }: Progress): void => {
    state = { status: 'running' };
    if (caughtUp) seenEndAt = performance.now();
    // Under load the end is often out of sight for a moment.
    const isUp = caughtUp || (reported === 'up' && performance.now() - seenEndAt < BEHIND_MS);
    report({
      state: isUp ? 'up' : 'catchingUp',
      lagEvents: behind,
      lagSeconds: caughtUp ? 0 : ageOf(newestAt),
    });
  };

  /** @returns whether the subscription is at its end */
  const onFailure = (error: Error, failures: number): boolean => {
    const forGood = error instanceof PoisonEvent || error instanceof UndecodableEvent;
    state = { status: forGood ? 'failed' : 'waiting', error };
    // No harm: another runner has moved it, or a write whose answer did not come in time was committed after all.
    const isLost = error instanceof CheckpointLost;
    if (isLost && failures < LOST_IN_A_ROW) {
      logger.debug({ part, err: error }, 'lost a checkpoint to another runner');
      return false;
    }
    // Telemetry reports the state. These errors may be defects, and their stack helps to find them.
    const isForeseen = isLost || error instanceof StoreUnavailable || error instanceof UndecodableEvent;
    if (!isForeseen) logger.error({ part, err: error }, 'a subscription met an error');
    report({ state: forGood ? 'failed' : 'waiting', detail: error.message.slice(0, MAX_DETAIL) });
    return forGood;
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    report({ state: 'catchingUp' });
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await follow(options, deps, signal, (progress) => {
          failures = 0;
          onProgress(progress);
        });
      } catch (error) {
        if (onFailure(error as Error, failures)) return;
      }
      await pause(restartDelay(failures), signal);
    }
    state = { status: 'stopped' };
  };

  return { name, state: () => state, ...startLoop(run) };
}

/** Seconds; for events in their order, the next one is at most as old. */
function ageOf(at: string | undefined): number | undefined {
  return at === undefined ? undefined : Math.max(0, (Date.now() - Date.parse(at)) / 1000);
}

interface Progress extends Pick<LogBatch, 'caughtUp' | 'behind'> {
  /** ISO time of the newest event taken, if the batch had one. */
  readonly newestAt: string | undefined;
}

async function follow<E extends UmsEvent>(
  { name, filter, begin, passOver }: SubscriptionOptions<E>,
  { log, documents }: SubscriptionDeps,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const take = begin();
  let position = await documents.checkpoint(name);
  let takenAt = Number.NEGATIVE_INFINITY;
  for await (const { events, scanned, caughtUp, behind } of log.subscribe(position, filter, signal)) {
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
    onProgress({ caughtUp, behind, newestAt: events.at(-1)?.metadata.at });
  }
  if (!signal.aborted) throw new Error('the subscription has ended');
}
