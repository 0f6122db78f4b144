/** Which targets of a group can be reached: each try goes to the registration as it then is (`docs/api.md §4`). */
import type { ChannelName, Registration } from '../../domain/events.ts';
import type { DispatchGroup, KnownMessage } from '../../domain/message.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import { registrationId } from '../../domain/streams.ts';
import type { Documents } from '../../ports/documents.ts';
import { devices } from '../../ports/read-models/devices.ts';
import type { Recipient } from '../channels/channel.ts';

/** A registration as it stands. */
export type CurrentRegistration = Registration & { readonly status: RegistrationStatus };

export interface Reachability {
  readonly recipients: readonly Recipient[];
  /** clientIds: unregistered, or no longer of the user that they were chosen as. */
  readonly gone: readonly string[];
  /** clientIds that have changed to another channel since acceptance. */
  readonly moved: readonly { readonly clientId: string; readonly channel: ChannelName }[];
}

/** @param newer registrations by clientId that are known better than from the device list */
export async function reachable(
  documents: Documents,
  { message }: KnownMessage,
  { channel, appPackage, targets }: Pick<DispatchGroup, 'channel' | 'appPackage' | 'targets'>,
  newer: ReadonlyMap<string, CurrentRegistration>,
): Promise<Reachability> {
  const idOf = (clientId: string): string => registrationId({ clientId, appPackage });
  const listed = await documents.getMany(devices, targets.map(idOf));
  const recipients: Recipient[] = [];
  const gone: string[] = [];
  const moved: { clientId: string; channel: ChannelName }[] = [];
  for (const clientId of targets) {
    const current = newer.get(clientId) ?? listed.get(idOf(clientId))?.document;
    if (current === undefined || !isStill(current, message.boundUserId)) gone.push(clientId);
    else if (channelOf(current) !== channel) moved.push({ clientId, channel: channelOf(current) });
    else recipients.push({ clientId, pushId: current.pushId });
  }
  return { recipients, gone, moved };
}

export function channelOf({ collab3th }: Pick<Registration, 'collab3th'>): ChannelName {
  return collab3th === 1 ? 'm2m' : 'jpush';
}

function isStill(current: CurrentRegistration, boundUserId: string | undefined): boolean {
  const registered = current.status !== RegistrationStatus.unregistered;
  return registered && (boundUserId === undefined || current.userId === boundUserId);
}
