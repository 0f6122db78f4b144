/**
 * Delivers one group of a message (`design.md §Delivery`): re-checks the stream, goes to the registrations as they are
 * now, fixes the provider's idempotency key before the first call, and records what came of it.
 */
import { never } from '../domain/decider.ts';
import { aloneIn, groupNamed, type TargetGroup } from '../domain/dispatch-groups.ts';
import { type Channel as ChannelName, type FailureCode, targetKey } from '../domain/events.ts';
import { type DispatchGroup, type KnownMessage, messageDecider, openTargets } from '../domain/message.ts';
import { messageStream } from '../domain/streams.ts';
import type { Clock } from '../ports/clock.ts';
import type { Contents } from '../ports/contents.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import { folded } from '../ports/execute.ts';
import { DeadJob, type Job, type Jobs, PauseQueue, RetryJob } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import type { CallFailure, Channel, ProviderAnswer, Recipient, SendResult } from './channels/channel.ts';
import { type DeliveryJob, deliveryJob } from './delivery-job.ts';
import type { Lane } from './lane.ts';
import { reachable } from './recipients.ts';
import { type Recorder, recorder } from './record.ts';

export interface DeliveryDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly contents: Contents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where a job's group goes out: its channel, if this service has it, in a lane of its own. */
export interface Route {
  readonly channel: Channel;
  readonly lane: Lane;
}

/** A message as the stream has it now, with the group that the job is about. */
interface Work {
  readonly job: Job<DeliveryJob>;
  readonly state: KnownMessage;
  readonly whole: TargetGroup;
  /** The targets that still wait for an outcome. */
  readonly group: DispatchGroup;
  readonly record: Recorder;
  readonly signal: AbortSignal;
}

/** Dead recipients are told one by one; a group with more than this many goes on in another attempt. */
const MAX_CALLS = 20;
/** A key that ends within this time is not relied on. */
const KEY_MARGIN_MS = 60_000;

type Step = 'done' | 'again';

/** The handler of a delivery job. @throws RetryJob, PauseQueue, DeadJob for the queue */
export function delivery(deps: DeliveryDeps, routeOf: (job: DeliveryJob) => Route | undefined) {
  const deliver = async (job: Job<DeliveryJob>, signal: AbortSignal): Promise<void> => {
    const route = routeOf(job.data);
    for (let call = 1; call <= MAX_CALLS; call += 1) {
      const work = await load(deps, job, signal);
      if (work === undefined || (await step(deps, work, route)) === 'done') return;
    }
    throw new RetryJob('many recipients were dead');
  };
  return async (job: Job<DeliveryJob>, signal: AbortSignal): Promise<void> => {
    try {
      await deliver(job, signal);
    } catch (error) {
      if (!isLastFailure(error, job, signal)) throw error;
      // Whatever it was, the job is about to be a dead letter, and the message has to say so.
      deps.logger.error({ err: error, ...job.data }, 'the last try failed for a reason not foreseen');
      const work = await load(deps, job, signal);
      if (work !== undefined) await giveUp(work, error instanceof Error ? error.message : String(error));
    }
  };
}

function isLastFailure(error: unknown, job: Job<DeliveryJob>, signal: AbortSignal): boolean {
  const decided = error instanceof DeadJob || error instanceof PauseQueue;
  return !decided && !signal.aborted && job.attempt >= job.attempts;
}

/** @returns nothing if there is nothing left to do */
async function load(
  { log, clock }: DeliveryDeps,
  job: Job<DeliveryJob>,
  signal: AbortSignal,
): Promise<Work | undefined> {
  const { msgId, group: name, channel, appPackage } = job.data;
  const history = await log.readStream(messageStream(msgId));
  const loaded = folded(messageDecider, history);
  const { state } = loaded;
  const [accepted] = history;
  if (state.status === 'none' || accepted === undefined) return undefined;
  const whole = groupNamed(state.message, name, channel);
  if (whole === undefined) return undefined;
  const round = job.redrives;
  const targets = openTargets(state, { appPackage, targets: [...whole.targets], round });
  if (targets.length === 0) {
    // The process ended between recording that it gave up and burying the job.
    if (gaveUpIn(state, whole, round)) throw new DeadJob('gave up');
    return undefined;
  }
  const group: DispatchGroup = { msgId, group: name, channel, appPackage, targets, round };
  return { job, state, whole, group, record: recorder(log, clock, accepted, loaded), signal };
}

function gaveUpIn(state: KnownMessage, { targets, appPackage }: TargetGroup, round: number): boolean {
  return openTargets(state, { targets: [...targets], appPackage, round: round + 1 }).length > 0;
}

async function step(deps: DeliveryDeps, work: Work, route: Route | undefined): Promise<Step> {
  const { clock, documents, contents } = deps;
  const { state, group, record } = work;
  const left = Date.parse(state.message.expiresAt) - clock.now();
  if (left <= 0) return expire(work, clock.now());

  const { recipients, gone, moved } = await reachable(documents, state, group, group.targets);
  if (gone.length > 0) await fail(work, gone, 'unregistered', 'not registered any more, or of another user');
  if (moved.length > 0) await reroute(deps, work, moved);
  if (recipients.length === 0) return 'done';

  const ready = { ...group, targets: recipients.map(({ clientId }) => clientId) };
  if (route === undefined) return giveUp({ ...work, group: ready }, `no channel ${group.channel} here`);
  const text = await contents.get(group.msgId);
  if (text === undefined) {
    await fail(work, ready.targets, 'cancelled', 'the content is gone');
    return 'done';
  }

  const key = await idempotencyKey(deps, { ...work, group: ready }, route);
  if (key.type === 'changed') return 'again';
  if (key.type === 'stale')
    return giveUp({ ...work, group: ready }, 'the outcome of an earlier try is unknown and its key is too old to ask');
  const result = await route.lane.call(() =>
    route.channel.send(
      {
        msgId: group.msgId,
        appPackage: group.appPackage,
        recipients,
        payload: `{"msgId":${JSON.stringify(group.msgId)},"message":${text}}`,
        timeToLive: Math.max(1, Math.ceil((Date.parse(state.message.expiresAt) - clock.now()) / 1000)),
        idempotencyKey: key.key,
      },
      work.signal,
    ),
  );
  return settle(deps, { ...work, group: ready, record }, recipients, result);
}

type GroupKey =
  | { readonly type: 'key'; readonly key: string }
  /** It was recorded, a call may have been made with it, and the provider does not honour it any more. */
  | { readonly type: 'stale' }
  /** The message's stream has moved on meanwhile. */
  | { readonly type: 'changed' };

/** The key that was recorded for the group, or a new one, recorded before it is used. */
async function idempotencyKey(deps: DeliveryDeps, work: Work, { channel, lane }: Route): Promise<GroupKey> {
  const { state, group, record } = work;
  const prepared = state.prepared.get(group.group);
  if (prepared?.idempotencyKey !== undefined && prepared.keyValidUntil !== undefined) {
    if (Date.parse(prepared.keyValidUntil) - KEY_MARGIN_MS > deps.clock.now())
      return { type: 'key', key: prepared.idempotencyKey };
    // Only a person may decide to risk a second push.
    if (prepared.round >= group.round) return { type: 'stale' };
  }
  const result = await lane.call(() => channel.reserveKey(group.appPackage, work.signal));
  if (result.type !== 'reserved') return callFailed(deps, work, result);
  const { key, validUntil } = result;
  const keyValidUntil = new Date(validUntil).toISOString();
  const replaces = prepared?.idempotencyKey;
  const recorded = await record.message(
    { type: 'PrepareDispatch', group, idempotencyKey: key, keyValidUntil, replaces },
    key,
  );
  return recorded ? { type: 'key', key } : { type: 'changed' };
}

async function settle(
  deps: DeliveryDeps,
  work: Work,
  recipients: readonly Recipient[],
  result: Exclude<SendResult, { type: 'deferred' }>,
): Promise<Step> {
  const { group, record } = work;
  switch (result.type) {
    case 'sent':
      await record.message(
        { type: 'RecordDispatched', group, providerMessageId: result.providerMessageId },
        scopeOf(group),
      );
      return 'done';
    case 'deadRecipients': {
      const dead: string[] = [];
      for (const { clientId, pushId } of recipients)
        if (result.clientIds.includes(clientId) && (await record.rejectPushId(group.appPackage, clientId, pushId)))
          dead.push(clientId);
      // Who has a new pushId by now, or has unregistered, is seen by the next try.
      if (dead.length > 0) await fail(work, dead, 'pushIdRejected', result.reason, result.provider);
      return 'again';
    }
    case 'nobodyReached':
      await deps.jobs.add(
        aloneIn(work.state.message, work.whole, group.targets).map((name) =>
          deliveryJob({ ...work.job.data, group: name }),
        ),
      );
      return 'done';
    case 'refused':
      await fail(work, group.targets, 'refused', result.reason, result.provider);
      return 'done';
    case 'failed':
    case 'denied':
      return callFailed(deps, work, result);
    default:
      return never(result);
  }
}

/** @throws RetryJob while there are attempts left, else DeadJob */
async function callFailed(
  { clock, logger }: Pick<DeliveryDeps, 'clock' | 'logger'>,
  work: Work,
  { type, reason, provider }: Exclude<CallFailure, { type: 'deferred' }>,
): Promise<never> {
  const { job, group, state } = work;
  if (type === 'denied') logger.error({ ...job.data, reason, provider }, 'the provider refuses us');
  if (type === 'denied' || job.attempt >= job.attempts) return giveUp(work, reason, provider);
  logger.warn({ ...job.data, attempt: job.attempt, reason, provider }, 'delivery will be tried again');
  throw new RetryJob(`${group.channel}: ${reason}`, Date.parse(state.message.expiresAt) - clock.now());
}

/** @throws DeadJob: an operator may redrive it */
async function giveUp(work: Work, reason: string, provider?: ProviderAnswer): Promise<never> {
  await fail(work, work.group.targets, 'gaveUp', reason, provider);
  throw new DeadJob(reason);
}

async function expire({ state, group, record }: Work, now: number): Promise<Step> {
  await record.message({ type: 'Expire', now }, '');
  const { appPackage } = group;
  const redriven = group.targets.filter((clientId) => state.outcomes.has(targetKey({ clientId, appPackage })));
  if (redriven.length > 0) await fail({ group, record }, redriven, 'expired', 'not taken by a provider in time');
  return 'done';
}

async function fail(
  { group, record }: Pick<Work, 'group' | 'record'>,
  targets: readonly string[],
  failure: FailureCode,
  reason: string,
  provider?: ProviderAnswer,
): Promise<void> {
  const failed: DispatchGroup = { ...group, targets: [...targets] };
  await record.message(
    { type: 'RecordFailure', group: failed, failure, reason, provider },
    `${scopeOf(failed)} ${failure}`,
  );
}

/** Tells outcomes of one kind apart: whose they are and in which round. */
function scopeOf({ group, round, targets }: DispatchGroup): string {
  return `${group} ${round} ${targets.join(' ')}`;
}

/** Targets that have changed their channel go on alone, in the lane of the channel that they have now. */
async function reroute(
  { jobs }: DeliveryDeps,
  { state, whole, group }: Work,
  moved: readonly { readonly clientId: string; readonly channel: ChannelName }[],
): Promise<void> {
  const { msgId, appPackage } = group;
  const names = aloneIn(
    state.message,
    whole,
    moved.map(({ clientId }) => clientId),
  );
  await jobs.add(
    moved.map(({ channel }, index) => deliveryJob({ msgId, appPackage, channel, group: names[index] ?? group.group })),
  );
}
