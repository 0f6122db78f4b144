/** Who of a group can be reached: each try goes to the registration as it then is (`contract.md §4`). */
import type { Channel, Registration } from '../domain/events.ts';
import type { DispatchGroup, KnownMessage } from '../domain/message.ts';
import { RegistrationStatus } from '../domain/status.ts';
import { registrationId } from '../domain/streams.ts';
import type { Documents } from '../ports/documents.ts';
import { devices } from '../ports/read-models.ts';
import type { Recipient } from './channels/channel.ts';

/** A registration as it stands. */
export type Standing = Registration & { readonly status: RegistrationStatus };

export interface Reachability {
  readonly recipients: readonly Recipient[];
  /** clientIds: unregistered, or no longer of the user that they were chosen as. */
  readonly gone: readonly string[];
  /** clientIds that have changed to another channel since acceptance. */
  readonly moved: readonly { readonly clientId: string; readonly channel: Channel }[];
}

/** @param newer registrations by clientId that are known better than from the device list */
export async function reachable(
  documents: Documents,
  { message }: KnownMessage,
  { channel, appPackage, targets }: Pick<DispatchGroup, 'channel' | 'appPackage' | 'targets'>,
  newer: ReadonlyMap<string, Standing>,
): Promise<Reachability> {
  const idOf = (clientId: string): string => registrationId({ clientId, appPackage });
  const listed = await documents.getMany(devices, targets.map(idOf));
  const recipients: Recipient[] = [];
  const gone: string[] = [];
  const moved: { clientId: string; channel: Channel }[] = [];
  for (const clientId of targets) {
    const standing = newer.get(clientId) ?? listed.get(idOf(clientId))?.document;
    if (standing === undefined || !isStill(standing, message.boundUserId)) gone.push(clientId);
    else if (channelOf(standing) !== channel) moved.push({ clientId, channel: channelOf(standing) });
    else recipients.push({ clientId, pushId: standing.pushId });
  }
  return { recipients, gone, moved };
}

export function channelOf({ collab3th }: Pick<Registration, 'collab3th'>): Channel {
  return collab3th === 1 ? 'm2m' : 'jpush';
}

function isStill(standing: Standing, boundUserId: string | undefined): boolean {
  const registered = standing.status !== RegistrationStatus.unregistered;
  return registered && (boundUserId === undefined || standing.userId === boundUserId);
}
