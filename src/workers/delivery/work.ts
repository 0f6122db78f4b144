/** The dependencies and the subject of a delivery job. */
import { groupNamed, type TargetGroup } from '../../domain/dispatch-groups.ts';
import { type DispatchGroup, gaveUpIn, openTargets, roundOfAll, targetsOfCall } from '../../domain/message.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Contents } from '../../ports/contents.ts';
import type { DeliveryJob } from '../../ports/delivery-jobs.ts';
import type { Documents } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { DeadJob, type Job, type Jobs, RetryJob } from '../../ports/jobs.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Channel } from '../channels/channel.ts';
import type { Lane } from './lane.ts';
import type { MessageSession, OpenMessage } from './message-session.ts';
import type { CurrentRegistration } from './recipients.ts';
import type { UnreadableAnswers } from './unreadable-answers.ts';

export interface DeliveryDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly contents: Contents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The way out for a job's group: its channel, if this service has it, and the lane of channel and app. */
export interface Route {
  readonly channel: Channel;
  readonly lane: Lane;
}

/** One run of a job, with the facts that it learns. */
export interface Run {
  readonly job: Job<DeliveryJob>;
  readonly signal: AbortSignal;
  readonly message: MessageSession;
  /** clientId → registration, read from its own stream because the device list lags behind. */
  readonly newer: Map<string, CurrentRegistration>;
  /** Idempotency keys that this run reserved and recorded: it knows the outcome of every call with them. */
  readonly reserved: Set<string>;
  /** Idempotency keys that the provider did not take. */
  readonly refused: Set<string>;
  /** Counts the unreadable answers of this run and earlier ones. */
  readonly unreadable: UnreadableAnswers;
}

/** A message as the stream has it now, with the group that the job is about. */
export interface Work extends OpenMessage {
  readonly run: Run;
  readonly whole: TargetGroup;
  /** The targets that still wait for an outcome. */
  readonly group: DispatchGroup;
}

/**
 * @returns `undefined` if there is nothing left to do
 * @throws RetryJob while the message is not visible here; DeadJob if the group has given up and was not redriven since
 */
export async function load(
  { logger }: Pick<DeliveryDeps, 'logger'>,
  run: Run,
  route?: Route,
): Promise<Work | undefined> {
  const { job } = run;
  const { msgId, group: name, channel, appPackage } = job.data;
  // A channel with keys records one before it is called.
  const opened = await run.message.open(route?.channel.reserveKey !== undefined);
  const whole = opened === undefined ? undefined : groupNamed(opened.state.message, name, channel);
  // A job exists only because its event exists. A reader that doesn't see the event lags behind.
  if (opened === undefined || whole === undefined) {
    logger.warn({ ...job.data, attempt: job.attempt }, 'the message of a job can not be seen');
    throw new RetryJob('its message can not be seen here');
  }
  const targets = openTargets(opened.state, { appPackage, targets: targetsOfCall(opened.state, whole) });
  if (targets.length > 0) {
    const round = roundOfAll(opened.state, { appPackage, targets });
    return { ...opened, run, whole, group: { msgId, group: name, channel, appPackage, targets, round } };
  }
  // The process ended between recording that it gave up and burying the job.
  if (gaveUpIn(opened.state, whole).length > 0) throw new DeadJob('gave up');
  return undefined;
}
