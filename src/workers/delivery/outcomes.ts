/** Records the outcomes of a group's targets in the message's stream, and ends or repeats their job. */

import { channelOf } from '../../domain/channels.ts';
import { assertNever } from '../../domain/decider.ts';
import type { FailureCode } from '../../domain/events.ts';
import type { DispatchGroup } from '../../domain/message.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import { DeadJob, RetryJob } from '../../ports/jobs.ts';
import type { CallFailure, ProviderAnswer, Recipient, SendResult } from '../channels/channel.ts';
import { goAlone } from './go-alone.ts';
import { endedBy, rejectPushId } from './push-id-rejection.ts';
import type { DeliveryDeps, Work } from './work.ts';

/** clientIds in one line of the log. */
const MAX_NAMED = 20;

/** The job is done, or its group must be examined again; the latter only after a change. */
export type Step = 'done' | 'again';

/** A call as it was made. */
export interface Call {
  readonly recipients: readonly Recipient[];
  /** Absent if the channel has no keys. */
  readonly key?: string | undefined;
}

type Told = Pick<DeliveryDeps, 'clock' | 'logger'>;

export async function recordResult(
  deps: DeliveryDeps,
  work: Work,
  call: Call,
  result: Exclude<SendResult, { type: 'deferred' }>,
): Promise<Step> {
  const { run, group } = work;
  switch (result.type) {
    case 'sent':
      return sent(work, result.providerMessageId);
    case 'unreadable':
      if (call.key !== undefined && !run.unreadable.isBelieved(call.key))
        return callFailed(deps, work, { ...result, type: 'failed' });
      deps.logger.warn({ ...run.job.data, reason: result.reason }, 'taken for sent: the answer stays unreadable');
      return sent(work, result.providerMessageId);
    case 'deadRecipients':
      return endRegistrations(deps, work, call, result);
    case 'nobodyReached':
      await goAlone(
        deps,
        work,
        group.targets.map((clientId) => ({ clientId, channel: group.channel })),
      );
      return 'done';
    case 'keyRefused':
      deps.logger.warn({ ...run.job.data, reason: result.reason }, 'the provider does not take a key of its own');
      if (call.key !== undefined) run.refused.add(call.key);
      return 'again';
    case 'refused':
      await fail(deps, work, group.targets, 'refused', result.reason, result.provider);
      return 'done';
    case 'failed':
    case 'denied':
      return callFailed(deps, work, result);
    default:
      return assertNever(result);
  }
}

async function sent({ group, record }: Work, providerMessageId: string | undefined): Promise<Step> {
  await record({ type: 'RecordDispatched', group, providerMessageId }, scopeOf(group));
  return 'done';
}

/**
 * Ends the registrations of dead recipients. A recipient that has a new pushId by now is tried with that one, and one
 * that has unregistered is not tried any more: the next step reads its stream instead of the device list.
 */
async function endRegistrations(
  deps: DeliveryDeps,
  work: Work,
  { recipients }: Call,
  { clientIds, reason, provider }: Extract<SendResult, { type: 'deadRecipients' }>,
): Promise<Step> {
  const { run, group } = work;
  const dead = recipients.filter(({ clientId }) => clientIds.includes(clientId));
  if (dead.length === 0) throw retry(deps, work, 'the provider names nobody that it was asked to reach');
  const ended: string[] = [];
  let moved = false;
  for (const recipient of dead) {
    const rejection = await rejectPushId(deps, work.accepted, group.appPackage, recipient);
    if (rejection.type === 'ended') ended.push(recipient.clientId);
    else {
      const { current } = rejection;
      run.newer.set(recipient.clientId, current);
      moved ||= current.status !== RegistrationStatus.unregistered && channelOf(current) !== group.channel;
    }
  }
  if (ended.length > 0) await fail(deps, work, ended, 'pushIdRejected', reason, provider);
  // A job in the lane of the other channel would use the device list, which still sends the target here.
  if (moved) throw retry(deps, work, 'a terminal has changed its channel and the device list does not have it yet');
  return 'again';
}

/** Retries after the backoff, but no later than the expiry of the message, so that the expiry is recorded in time. */
function retry({ clock, logger }: Told, work: Work, reason: string, provider?: ProviderAnswer): RetryJob {
  const { job } = work.run;
  logger.warn({ ...job.data, attempt: job.attempt, reason, provider }, 'delivery will be tried again');
  return new RetryJob(`${work.group.channel}: ${reason}`, Date.parse(work.state.message.expiresAt) - clock.now());
}

/** @returns as `giveUp` @throws RetryJob while there are attempts left, else DeadJob */
export async function callFailed(
  deps: Told,
  work: Work,
  { type, reason, provider }: Exclude<CallFailure, { type: 'deferred' }>,
): Promise<'again'> {
  const { job } = work.run;
  if (type === 'denied' || job.attempt >= job.attempts) return giveUp(deps, work, reason, provider);
  throw retry(deps, work, reason, provider);
}

/**
 * @param reason shown with the message's status
 * @returns when there was nothing to give up: the targets were settled or redriven meanwhile
 * @throws DeadJob: an operator may redrive it
 */
export async function giveUp(
  deps: Pick<DeliveryDeps, 'logger'>,
  work: Work,
  reason: string,
  provider?: ProviderAnswer,
): Promise<'again'> {
  if (!(await fail(deps, work, work.group.targets, 'gaveUp', reason, provider))) return 'again';
  throw new DeadJob(reason);
}

/** @returns the number of targets that this call has expired */
export async function expire({ state, record }: Pick<Work, 'state' | 'record'>, now: number): Promise<number> {
  // Redriven targets may expire later than others of the message. That is another event, so it needs another id.
  const round = [...state.rounds.values()].reduce((newest, each) => Math.max(newest, each), 0);
  const [expired] = await record({ type: 'Expire', now }, round === 0 ? '' : String(round));
  return expired?.type === 'MessageExpired' ? expired.data.targets.length : 0;
}

/**
 * Fails targets that are not registered any more, or have another user. If the group was called before, the provider
 * may have refused some of them, which ended their registrations, before the process died.
 */
export async function failGone(
  deps: Pick<DeliveryDeps, 'log' | 'logger'>,
  work: Work,
  gone: readonly string[],
): Promise<void> {
  const { run, group, accepted } = work;
  // The state may be no more than the message's first event, which the dispatcher has read.
  const opened = await run.message.open();
  const called = opened?.state.prepared.has(group.group) === true;
  const rejected = called ? await endedBy(deps.log, accepted, group.appPackage, gone) : new Set<string>();
  const [refused, left] = [gone.filter((id) => rejected.has(id)), gone.filter((id) => !rejected.has(id))];
  if (refused.length > 0) await fail(deps, work, refused, 'pushIdRejected', 'the provider did not know its pushId');
  if (left.length > 0) await fail(deps, work, left, 'unregistered', 'not registered any more, or of another user');
}

/**
 * @param reason stored in the event for ever: our own words or the channel's, never the text of an error
 * @returns whether there was anything to record
 */
export async function fail(
  { logger }: Pick<DeliveryDeps, 'logger'>,
  { group, record }: Pick<Work, 'group' | 'record'>,
  targets: readonly string[],
  failure: FailureCode,
  reason: string,
  provider?: ProviderAnswer,
): Promise<boolean> {
  const failed: DispatchGroup = { ...group, targets: [...targets] };
  const scope = `${scopeOf(failed)} ${failure}`;
  const [recorded] = await record({ type: 'RecordFailure', group: failed, failure, reason, provider }, scope);
  if (recorded?.type !== 'MessageDispatchFailed') return false;
  const { msgId, group: name, channel, appPackage, targets: those } = recorded.data;
  const about = { msgId, group: name, channel, appPackage, failure, reason, provider };
  const line = { ...about, targets: those.length, clientIds: those.slice(0, MAX_NAMED) };
  // A group that gave up is a dead letter and has its own line.
  if (failure === 'refused') logger.warn(line, 'delivery failed');
  else if (failure !== 'gaveUp') logger.info(line, 'delivery failed');
  return true;
}

/** Distinguishes outcomes of one kind, by group, round and targets. */
function scopeOf({ group, round, targets }: DispatchGroup): string {
  return `${group} ${round} ${JSON.stringify(targets)}`;
}
