import { registrationDecider } from '../../domain/registration.ts';
import { registrationStream } from '../../domain/streams.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog, RecordedEvent } from '../../ports/event-log.ts';
import { execute } from '../../ports/eventsourcing/execute.ts';
import { loadRegistration } from '../../ports/eventsourcing/load-registration.ts';
import { RetryJob } from '../../ports/jobs.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Recipient } from '../channels/channel.ts';
import { workerContext } from './context.ts';
import type { CurrentRegistration } from './recipients.ts';

export type PushIdRejection =
  /** This call has ended the registration, or that of another message with the same pushId has. */
  | { readonly type: 'ended' }
  /** The registration had ended for another reason, or has another pushId. `current` is its present state. */
  | { readonly type: 'changed'; readonly current: CurrentRegistration };

/**
 * Ends a registration whose pushId the provider does not know, unless it has another pushId by now. The registration's
 * own stream decides that, because the device list may lag behind.
 * @param accepted the event that the message began with
 * @throws RetryJob while that stream is not visible here; StoreUnavailable
 */
export async function rejectPushId(
  { log, clock, logger }: { readonly log: EventLog; readonly clock: Clock; readonly logger: Logger },
  accepted: RecordedEvent,
  appPackage: string,
  { clientId, pushId }: Recipient,
): Promise<PushIdRejection> {
  const stream = registrationStream({ clientId, appPackage });
  const command = { type: 'RejectPushId', pushId } as const;
  const result = await execute(log, registrationDecider, stream, command, {
    context: { ...workerContext(accepted, clock), correlationId: stream },
    cause: `${accepted.id} ${pushId}`,
    load: loadRegistration,
  });
  if (result.type !== 'done' || result.loaded.state.status === 'none')
    throw new RetryJob('a registration can not be seen here');
  if (result.events.length > 0)
    logger.warn(
      { clientId, appPackage, pushId: masked(pushId) },
      'the provider does not know a pushId: registration ended',
    );
  const { registration, registrationStatus, endedFor } = result.loaded.state;
  if (endedFor === 'pushIdRejected' && registration.pushId === pushId) return { type: 'ended' };
  return { type: 'changed', current: { ...registration, status: registrationStatus } };
}

/** Shows enough of the pushId to find it in the provider's console, but not enough to push to it. */
function masked(pushId: string): string {
  return pushId.length <= 8 ? '…' : `${pushId.slice(0, 4)}…`;
}

/**
 * The clientIds whose registration was ended because the provider refused its pushId when this very message was sent to
 * it.
 * @param accepted the event that the message began with
 * @throws StoreUnavailable
 */
export async function endedBy(
  log: EventLog,
  accepted: RecordedEvent,
  appPackage: string,
  clientIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const ended = new Set<string>();
  for (const clientId of clientIds) {
    const [last] = await log.readNewest(registrationStream({ clientId, appPackage }), 1);
    if (last?.event.type !== 'ChannelUnregistered' || last.event.data.reason !== 'pushIdRejected') continue;
    if (last.metadata.causationId === accepted.id) ended.add(clientId);
  }
  return ended;
}
