/**
 * Rebuilds a queue that has lost jobs: looks for messages with open targets and adds the jobs that they need. A queue
 * skips jobs that it has already, so no job is lost and none runs twice (`docs/architecture.md §Delivery`).
 */
import { outstandingGroups } from '../domain/outstanding.ts';
import type { Clock } from '../ports/clock.ts';
import { DELIVERY_QUEUES, type DeliveryJob, deliveryJob, runRedriven } from '../ports/delivery-jobs.ts';
import type { Documents } from '../ports/documents.ts';
import { StoreUnavailable } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { type Loop, pause, startLoop } from '../ports/eventsourcing/loop.ts';
import type { Jobs } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import { type MessageDocument, messages } from '../ports/read-models/messages.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { messageSession } from './delivery/message-session.ts';
import { DISPATCHER } from './dispatcher.ts';

const PART = 'reconciler';
/** ms between the end of a pass and the next one. */
const EVERY_MS = 10_000;
/** Messages of one turn, whose streams are read one after the other. */
const AT_ONCE = 100;
/**
 * After each turn the reconciler rests this many times as long as it has worked, so that a provider's backlog does not
 * slow down delivery. Once a pass has found more needed jobs than the queues hold, jobs are lost, and it does not rest.
 */
const REST_FACTOR = 19;
const MAX_REST_MS = 5_000;
/** Jobs of one call. */
const MAX_JOBS = 1_000;
/** msgIds in one line of the log. */
const MAX_NAMED = 20;
/**
 * Grace period, in ms, for the job of a new message to be dispatched and done. Only the first pass looks at younger
 * messages: their jobs may have been lost with the process before.
 */
const MIN_AGE_MS = 5_000;
/**
 * ms to wait for the read model at the start of a pass. If it lags for longer, the next pass finds the missing jobs.
 */
const READ_MODEL_WITHIN_MS = 10_000;
/** ms. A wait for the read model ends this soon after the reconciler is to stop. */
const ASK_EVERY_MS = 500;
/** Above every expiry, which is an ISO time. */
const ANY_EXPIRY = '~';

export interface ReconcilerDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export function startReconciler(deps: ReconcilerDeps): Loop {
  return startLoop((signal) => run(deps, signal));
}

async function run(deps: ReconcilerDeps, signal: AbortSignal): Promise<void> {
  for (let minAgeMs = 0; !signal.aborted; ) {
    try {
      await caughtUp(deps, signal);
      await reconcile(deps, signal, minAgeMs);
      minAgeMs = MIN_AGE_MS;
      deps.telemetry?.report(PART, { state: 'up' });
    } catch (error) {
      deps.telemetry?.report(PART, { state: 'waiting', detail: (error as Error).message });
      if (!(error instanceof StoreUnavailable)) deps.logger.error({ err: error }, 'the reconciler met an error');
    }
    await pause(EVERY_MS, signal);
  }
}

/** Waits until the read model has all messages that were dispatched by now: only these can have lost jobs. */
async function caughtUp({ documents, logger }: ReconcilerDeps, signal: AbortSignal): Promise<void> {
  const dispatched = await documents.checkpoint(DISPATCHER);
  const giveUpAt = performance.now() + READ_MODEL_WITHIN_MS;
  while (!signal.aborted) {
    if (await documents.reached(messages.name, dispatched, ASK_EVERY_MS)) return;
    if (performance.now() < giveUpAt) continue;
    logger.warn({ dispatched: String(dispatched) }, 'the reconciler goes ahead of a read model that lags');
    return;
  }
}

/**
 * One pass over the messages with open targets, page after page. A message that can't be read holds up no other and is
 * looked at again in the next pass.
 * @param minAgeMs passes over messages that were accepted less than this many ms ago
 * @returns the number of messages looked at
 * @throws StoreUnavailable when the store does not say which messages have open targets, or takes no jobs
 */
export async function reconcile(deps: ReconcilerDeps, signal: AbortSignal, minAgeMs = 0): Promise<number> {
  const failed: Failed[] = [];
  const held = await jobsHeld(deps.jobs);
  let looked = 0;
  let found = 0;
  let cursor: string | undefined;
  do {
    const startedAt = performance.now();
    const page = await deps.documents.find(messages, { index: 'openUntil', upTo: ANY_EXPIRY, limit: AT_ONCE, cursor });
    const needed: Needed[] = [];
    for (const { id, document } of page.items) {
      if (signal.aborted) break;
      if (!isDue(document, deps.clock.now(), minAgeMs)) continue;
      looked += 1;
      try {
        needed.push(...(await neededBy(deps, id)));
      } catch (error) {
        failed.push({ msgId: id, error });
      }
    }
    await runAll(deps, needed, signal);
    found += needed.length;
    cursor = page.next;
    const rest = found > held ? 0 : Math.min(MAX_REST_MS, REST_FACTOR * (performance.now() - startedAt));
    if (cursor !== undefined) await pause(rest, signal);
  } while (cursor !== undefined && !signal.aborted);
  report(deps, failed);
  return looked;
}

/** The number of jobs that the queues hold and will run. */
async function jobsHeld(jobs: Jobs): Promise<number> {
  let held = 0;
  for (const queue of await jobs.queues()) {
    if (!queue.startsWith(DELIVERY_QUEUES)) continue;
    const { waiting, delayed, active } = await jobs.counts(queue);
    held += waiting + delayed + active;
  }
  return held;
}

/**
 * Expired messages belong to the sweeper. A clock that was set back since the acceptance does not make a message young.
 */
function isDue({ acceptedAt, expiresAt }: MessageDocument, now: number, minAgeMs: number): boolean {
  const age = now - Date.parse(acceptedAt);
  const isYoung = age >= 0 && age < minAgeMs;
  return !isYoung && Date.parse(expiresAt) > now;
}

interface Needed {
  readonly job: DeliveryJob;
  readonly isRedriven: boolean;
}

/** Reads the stream and not the read model, which may lag: a message that was sent needs no job. */
async function neededBy({ log, clock }: ReconcilerDeps, msgId: string): Promise<Needed[]> {
  const opened = await messageSession(log, clock, msgId).open();
  if (opened === undefined) return [];
  return outstandingGroups(opened.state).map(({ group, channel, appPackage, round }) => ({
    job: { msgId, group, channel, appPackage },
    isRedriven: round > 0,
  }));
}

async function runAll({ jobs }: ReconcilerDeps, needed: readonly Needed[], signal: AbortSignal): Promise<void> {
  const all = needed.map(({ job }) => deliveryJob(job));
  for (let start = 0; start < all.length && !signal.aborted; start += MAX_JOBS)
    await jobs.add(all.slice(start, start + MAX_JOBS));
  // The queue knows these as dead letters if the process ended between recording the redrive and running them.
  for (const { job, isRedriven } of needed) if (isRedriven && !signal.aborted) await runRedriven(jobs, job);
}

interface Failed {
  readonly msgId: string;
  readonly error: unknown;
}

/** Writes one line a pass. */
function report({ logger }: ReconcilerDeps, failed: readonly Failed[]): void {
  const [first] = failed;
  if (first === undefined) return;
  const msgIds = failed.slice(0, MAX_NAMED).map(({ msgId }) => msgId);
  logger.error({ err: first.error, failed: failed.length, msgIds }, 'messages can not be reconciled');
}
