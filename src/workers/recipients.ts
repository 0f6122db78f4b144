/** Who of a group can be reached: each try goes to the registration as it then is (`contract.md §4`). */
import type { Channel } from '../domain/events.ts';
import type { KnownMessage } from '../domain/message.ts';
import { RegistrationStatus } from '../domain/status.ts';
import { registrationId } from '../domain/streams.ts';
import type { Documents } from '../ports/documents.ts';
import { type DeviceDocument, devices } from '../ports/read-models.ts';
import type { Recipient } from './channels/channel.ts';

export interface Reachability {
  readonly recipients: readonly Recipient[];
  /** clientIds: unregistered, or no longer of the user that they were chosen as. */
  readonly gone: readonly string[];
  /** clientIds that have changed to another channel since acceptance. */
  readonly moved: readonly { readonly clientId: string; readonly channel: Channel }[];
}

export async function reachable(
  documents: Documents,
  { message }: KnownMessage,
  group: { readonly channel: Channel; readonly appPackage: string },
  clientIds: readonly string[],
): Promise<Reachability> {
  const { appPackage } = group;
  const idOf = (clientId: string): string => registrationId({ clientId, appPackage });
  const known = await documents.getMany(devices, clientIds.map(idOf));
  const recipients: Recipient[] = [];
  const gone: string[] = [];
  const moved: { clientId: string; channel: Channel }[] = [];
  for (const clientId of clientIds) {
    const device = known.get(idOf(clientId))?.document;
    const channel = device?.collab3th === 1 ? 'm2m' : 'jpush';
    if (device === undefined || !isStill(device, message.boundUserId)) gone.push(clientId);
    else if (channel !== group.channel) moved.push({ clientId, channel });
    else recipients.push({ clientId, pushId: device.pushId });
  }
  return { recipients, gone, moved };
}

function isStill(device: DeviceDocument, boundUserId: string | undefined): boolean {
  const registered = device.status !== RegistrationStatus.unregistered;
  return registered && (boundUserId === undefined || device.userId === boundUserId);
}
