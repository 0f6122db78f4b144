/**
 * Finds the reachable targets of a group. Each try goes to the registration as it is at that time (`docs/api.md §4`).
 */
import { channelOf } from '../../domain/channels.ts';
import type { ChannelName, Registration, TargetRef } from '../../domain/events.ts';
import type { DispatchGroup, KnownMessage } from '../../domain/message.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import { registrationId, registrationStream } from '../../domain/streams.ts';
import type { Documents } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { devices } from '../../ports/read-models/devices.ts';
import type { Recipient } from '../channels/channel.ts';

/** The present state of a registration. */
export type CurrentRegistration = Registration & { readonly status: RegistrationStatus };

export interface Reachability {
  readonly recipients: readonly Recipient[];
  /** clientIds that are unregistered, or no longer belong to the user for whom they were chosen. */
  readonly gone: readonly string[];
  /** clientIds that have changed to another channel since acceptance. */
  readonly moved: readonly { readonly clientId: string; readonly channel: ChannelName }[];
}

/** Streams of registrations that are read at once. */
const STREAMS_AT_ONCE = 16;

/**
 * The device list may lag behind, also after a swap of copies. So only the stream of a registration decides whether its
 * target is gone.
 * @param newer clientId → registration read from its stream; the ones that are read here are added
 * @throws StoreUnavailable
 */
export async function reachable(
  { documents, log }: { readonly documents: Documents; readonly log: EventLog },
  { message: { boundUserId } }: KnownMessage,
  { channel, appPackage, targets }: Pick<DispatchGroup, 'channel' | 'appPackage' | 'targets'>,
  newer: Map<string, CurrentRegistration>,
): Promise<Reachability> {
  const idOf = (clientId: string): string => registrationId({ clientId, appPackage });
  const listed = await documents.getMany(devices, targets.map(idOf));
  const isListedGone = (clientId: string): boolean =>
    !newer.has(clientId) && !isStill(listed.get(idOf(clientId))?.document, boundUserId);
  const doubtful = targets.filter(isListedGone);
  for (let start = 0; start < doubtful.length; start += STREAMS_AT_ONCE)
    await Promise.all(
      doubtful.slice(start, start + STREAMS_AT_ONCE).map(async (clientId) => {
        const current = await registeredNow(log, { clientId, appPackage });
        if (current !== undefined) newer.set(clientId, current);
      }),
    );

  const recipients: Recipient[] = [];
  const gone: string[] = [];
  const moved: { clientId: string; channel: ChannelName }[] = [];
  for (const clientId of targets) {
    const current = newer.get(clientId) ?? listed.get(idOf(clientId))?.document;
    if (!isStill(current, boundUserId)) gone.push(clientId);
    else if (channelOf(current) !== channel) moved.push({ clientId, channel: channelOf(current) });
    else recipients.push({ clientId, pushId: current.pushId });
  }
  return { recipients, gone, moved };
}

/**
 * Reads a registration from its stream; `undefined` if it has ended. Events are complete, so the newest one is enough.
 */
async function registeredNow(log: EventLog, target: TargetRef): Promise<CurrentRegistration | undefined> {
  const [newest] = await log.readNewest(registrationStream(target), 1);
  switch (newest?.event.type) {
    case 'ChannelRegistered':
      return { ...newest.event.data, status: RegistrationStatus.registered };
    case 'ChannelUpdated':
      return { ...newest.event.data, status: RegistrationStatus.updated };
    default:
      return undefined;
  }
}

function isStill(
  current: CurrentRegistration | undefined,
  boundUserId: string | undefined,
): current is CurrentRegistration {
  if (current === undefined || current.status === RegistrationStatus.unregistered) return false;
  return boundUserId === undefined || current.userId === boundUserId;
}
