/**
 * Follows the log from a checkpoint, batch by batch, and starts again after failures, until it is stopped. It runs
 * under a lease: of all processes that start a subscription of one name, one follows the log and the others stand by.
 */
import { UndecodableEvent } from '../../domain/codec.ts';
import type { UmsEvent } from '../../domain/events.ts';
import type { Position } from '../../domain/position.ts';
import { CheckpointLost, CheckpointOfAnotherLog, StaleCopy, StoreUnavailable } from '../errors.ts';
import type { EventLog, LogBatch, LogFilter, RecordedEvent } from '../event-log.ts';
import type { Leases } from '../leases.ts';
import type { Logger } from '../logger.ts';
import type { PartStatus, Telemetry } from '../telemetry.ts';
import { type Loop, pause, restartDelay, startLoop } from './loop.ts';
import { underLease } from './under-lease.ts';

/** A subscription that has not seen the end of the log for this long is catching up, in ms. */
const BEHIND_MS = 10_000;
/** Checkpoints lost in a row, after which the subscription assumes that another runner has its place. */
const LOST_IN_A_ROW = 3;
/** A subscription that waits for its lease for this long says so, in ms. */
const STANDBY_MS = 1_000;
/** Characters of an error's text that its report carries. */
const MAX_DETAIL = 300;

/** An event that a subscription can't take. It stops the subscription, since later events would build on a gap. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';
}

export type SubscriptionState =
  | { readonly status: 'running' | 'stopped' }
  /** Waits for the lease, which another process has, or for a store that can give it. */
  | { readonly status: 'standby' }
  /** Waits for a store, another runner, or another release. It goes on by itself, from its checkpoint. */
  | { readonly status: 'waiting'; readonly error: Error }
  /** It has met an event that it can't take, and needs a person. */
  | { readonly status: 'failed'; readonly error: Error };

export interface Subscription extends Loop {
  readonly name: string;
  state(): SubscriptionState;
  /** Finishes the current write, then stops. */
  stop(): Promise<void>;
}

/**
 * Takes a batch and moves the checkpoint along with it.
 * @param from where the checkpoint stands
 * @param signal once it aborts, the rest of the batch may be left
 * @returns where the checkpoint stands now
 * @throws PoisonEvent, with all before that event taken; CheckpointLost, StaleCopy, StoreUnavailable
 */
export type TakeBatch<E extends UmsEvent> = (
  events: readonly RecordedEvent<E>[],
  from: Position,
  signal: AbortSignal,
) => Promise<Position>;

/** What every move of the checkpoint names (`CopyMove` in `documents.ts`). */
export interface SubscriptionRun {
  /** The log that is followed. */
  readonly log: string;
  /** The token of the lease that this run has. */
  readonly fence: bigint;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
}

/** A subscription that is ready to go on. */
export interface Begun<E extends UmsEvent> {
  /** Where its checkpoint stands. */
  readonly from: Position;
  /** Takes the batches from there on, in order, until one fails. */
  readonly take: TakeBatch<E>;
  /**
   * Moves the checkpoint from `from` to `to`, over events of others, so that the next start need not read them again.
   * @throws CheckpointLost, StaleCopy, StoreUnavailable
   */
  readonly passOver: (from: Position, to: Position) => Promise<void>;
}

export interface SubscriptionOptions<E extends UmsEvent> {
  /** Name of the subscription and of its lease. */
  readonly name: string;
  /** The name that it reports under. */
  readonly part: string;
  /** Lets events of type `E` through only. */
  readonly filter: LogFilter;
  /** Called at every start, while the lease is held. */
  readonly begin: (run: SubscriptionRun) => Promise<Begun<E>>;
}

export interface SubscriptionDeps {
  readonly log: EventLog;
  readonly leases: Leases;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export function startSubscription<E extends UmsEvent>(
  options: SubscriptionOptions<E>,
  deps: SubscriptionDeps,
): Subscription {
  const { name, part } = options;
  const { logger, telemetry } = deps;
  let state: SubscriptionState = { status: 'standby' };
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

  /** @returns whether the subscription has to end */
  const onFailure = (error: Error, failures: number): boolean => {
    const forGood = isForGood(error);
    state = { status: forGood ? 'failed' : 'waiting', error };
    // This is harmless: another runner or a rebuild was ahead, or a write with a late answer was committed after all.
    const isLost = error instanceof CheckpointLost || error instanceof StaleCopy;
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

  const run = async (held: AbortSignal, fence: bigint): Promise<void> => {
    state = { status: 'running' };
    report({ state: 'catchingUp' });
    for (let failures = 0; !held.aborted; failures += 1) {
      try {
        await follow(options, deps, fence, held, (progress) => {
          failures = 0;
          onProgress(progress);
        });
      } catch (error) {
        // A run whose lease is lost, or that is to stop, may end with any error.
        if (held.aborted) return;
        if (onFailure(error as Error, failures)) return;
      }
      await pause(restartDelay(failures), held);
    }
  };

  let standingBy: NodeJS.Timeout | undefined;
  const onState = (lease: 'waiting' | 'held'): void => {
    clearTimeout(standingBy);
    if (lease === 'held') return;
    state = { status: 'standby' };
    const status: PartStatus = { state: 'waiting', detail: 'another process has the lease, or the store is away' };
    // If no other process holds the lease, it is acquired within milliseconds.
    standingBy = setTimeout(() => report(status), STANDBY_MS).unref();
  };

  const runUnderLease = async (signal: AbortSignal): Promise<void> => {
    try {
      await underLease({ leases: deps.leases, logger, name, onState }, signal, (held, { token }) => run(held, token));
    } finally {
      clearTimeout(standingBy);
    }
    if (state.status !== 'failed') state = { status: 'stopped' };
  };

  return { name, state: () => state, ...startLoop(runUnderLease) };
}

/** Whether a retry is useless. Without the store, or the right release, the work can still be done later. */
function isForGood(error: Error): boolean {
  return error instanceof PoisonEvent || error instanceof UndecodableEvent || error instanceof CheckpointOfAnotherLog;
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
  { filter, begin }: SubscriptionOptions<E>,
  { log }: SubscriptionDeps,
  fence: bigint,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const { from, take, passOver } = await begin({ log: await log.id(), fence, signal });
  let position = from;
  for await (const { events, scanned, caughtUp, behind } of log.subscribe(position, filter, signal)) {
    if (events.length > 0) {
      position = await take(events as readonly RecordedEvent<E>[], position, signal);
    }
    // The rest of that batch may not have been taken.
    if (signal.aborted) return;
    // Empty batches with progress are rare: they come after many events of others, or a while after the first of them.
    if (events.length === 0 && scanned > position) {
      await passOver(position, scanned);
      position = scanned;
    }
    onProgress({ caughtUp, behind, newestAt: events.at(-1)?.metadata.at });
  }
  if (!signal.aborted) throw new Error('the subscription has ended');
}
