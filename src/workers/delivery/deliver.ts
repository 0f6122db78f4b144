/**
 * Delivers one group of a message (`docs/architecture.md §Delivery`): re-checks the stream, goes to the registrations
 * as they are now, fixes the provider's idempotency key before the first call, and records the outcome.
 */
import { assertNever } from '../../domain/decider.ts';
import type { DeliveryJob } from '../../ports/delivery-jobs.ts';
import { DeadJob, type Job, PauseQueue, RetryJob } from '../../ports/jobs.ts';
import type { Channel, Delivery, Recipient } from '../channels/channel.ts';
import { goAlone } from './go-alone.ts';
import { groupKey } from './group-key.ts';
import type { Turn } from './lane.ts';
import { messageSessions } from './message-sessions.ts';
import { type Call, callFailed, expire, fail, failGone, giveUp, recordResult, type Step } from './outcomes.ts';
import { reachable } from './recipients.ts';
import { isStoreFailure, storeFailures } from './store-failures.ts';
import { unreadableAnswers } from './unreadable-answers.ts';
import { type DeliveryDeps, load, type Route, type Run, type Work } from './work.ts';

/** Providers report dead recipients one by one. After this many rounds other jobs of the lane get their turn. */
const MAX_ROUNDS = 20;

/** The handler of a delivery job. @throws RetryJob, PauseQueue, DeadJob for the queue */
export function delivery(
  deps: DeliveryDeps,
  routeOf: (job: DeliveryJob) => Route | undefined,
  sessions = messageSessions(deps.log, deps.clock),
) {
  const forQueue = storeFailures(deps);
  const unreadable = unreadableAnswers();
  return (job: Job<DeliveryJob>, signal: AbortSignal): Promise<void> =>
    sessions.use(job.data.msgId, async (message) => {
      const run: Run = { job, signal, message, newer: new Map(), reserved: new Set(), refused: new Set(), unreadable };
      try {
        await deliverOrGiveUp(deps, run, routeOf(job.data));
      } catch (error) {
        throw forQueue(error, job.data);
      }
    });
}

async function deliverOrGiveUp(deps: DeliveryDeps, run: Run, route: Route | undefined): Promise<void> {
  try {
    await deliver(deps, run, route);
  } catch (error) {
    if (!isLastFailure(error, run)) throw error;
    // The job is about to become a dead letter, so the message's stream must record that it gave up. If the message is
    // not visible here that is impossible. Then only the dead letter and the log tell of it, and it can be redriven.
    deps.logger.error({ err: error, ...run.job.data }, 'the last try failed for a reason not foreseen');
    const work = await load(deps, run);
    if (work === undefined) return;
    // If others have redriven it meanwhile, the reconciler runs the dead letter.
    await giveUp(deps, work, error instanceof RetryJob ? error.message : 'an internal error, which the log tells of');
    throw error;
  }
}

function isLastFailure(error: unknown, { job, signal }: Run): boolean {
  const settled = error instanceof DeadJob || error instanceof PauseQueue || isStoreFailure(error);
  return !settled && !signal.aborted && job.attempt >= job.attempts;
}

/** Each round ends the job or makes progress, so there are at most as many rounds as recipients. */
async function deliver(deps: DeliveryDeps, run: Run, route: Route | undefined): Promise<void> {
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const work = await load(deps, run, route);
    if (work === undefined || (await step(deps, work, route)) === 'done') return;
  }
  // The rounds have made progress, so they cost no attempt.
  throw new PauseQueue('makes way after many rounds', 0);
}

async function step(deps: DeliveryDeps, work: Work, route: Route | undefined): Promise<Step> {
  const { clock, contents } = deps;
  const { run, state, group } = work;
  const left = Date.parse(state.message.expiresAt) - clock.now();
  if (left <= 0) {
    const expired = await expire(work, clock.now());
    if (expired > 0) deps.logger.info({ ...run.job.data, expired }, 'delivery expired');
    return 'done';
  }

  const { recipients, gone, moved } = await reachable(deps, state, group, run.newer);
  if (gone.length > 0) await failGone(deps, work, gone);
  if (moved.length > 0) await goAlone(deps, work, moved);
  if (recipients.length === 0) return 'done';

  const ready = { ...work, group: { ...group, targets: recipients.map(({ clientId }) => clientId) } };
  if (route === undefined) return giveUp(deps, ready, `no channel ${group.channel} here`);
  const text = await contents.get(group.msgId);
  if (text === undefined) {
    await fail(deps, ready, ready.group.targets, 'cancelled', 'the content is gone');
    return 'done';
  }

  const turn = await route.lane.enter(group.round > 0);
  switch (turn.type) {
    case 'waited':
      return 'again';
    case 'denied':
      return callFailed(deps, ready, turn);
    case 'turn':
      try {
        return await attempt(deps, ready, { channel: route.channel, turn, recipients, text });
      } finally {
        turn.leave();
      }
    default:
      return assertNever(turn);
  }
}

interface Attempt {
  readonly channel: Channel;
  readonly turn: Turn;
  readonly recipients: readonly Recipient[];
  /** The content, as JSON. */
  readonly text: string;
}

async function attempt(deps: DeliveryDeps, work: Work, { channel, turn, recipients, text }: Attempt): Promise<Step> {
  const key = await groupKey(deps, work, channel, turn);
  switch (key.type) {
    case 'changed':
      return 'again';
    case 'unsafe':
      return giveUp(deps, work, key.reason);
    case 'failed':
    case 'denied':
      return callFailed(deps, work, key);
    case 'key': {
      const call = { recipients, key: key.key };
      const result = await turn.send(() => channel.send(deliveryOf(deps, work, call, text), work.run.signal));
      return recordResult(deps, work, call, result);
    }
    default:
      return assertNever(key);
  }
}

function deliveryOf(
  { clock }: DeliveryDeps,
  { state, group }: Work,
  { recipients, key }: Call,
  text: string,
): Delivery {
  const { msgId, appPackage } = group;
  return {
    type: 'message',
    msgId,
    appPackage,
    recipients,
    payload: `{"msgId":${JSON.stringify(msgId)},"message":${text}}`,
    timeToLive: Math.max(1, Math.ceil((Date.parse(state.message.expiresAt) - clock.now()) / 1000)),
    idempotencyKey: key,
  };
}
