/** The read model of registrations: one document for each, found by terminal, device or user. */
import type { DeviceType, Registration } from '../../domain/events.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import type { Collection } from '../documents.ts';

/** Joins two texts into one key that is different for every pair. */
function pair(first: string, second: string): string {
  return `${first.length}:${first}${second}`;
}

export interface DeviceDocument extends Registration {
  readonly status: RegistrationStatus;
  /** The log position of the first registration, sortable. */
  readonly firstPosition: string;
}

/** Indexes only current registrations. The id of a document is `registrationId` (`domain/streams.ts`). */
const live =
  (key: (device: DeviceDocument) => string | undefined) =>
  (device: DeviceDocument): string | undefined =>
    device.status === RegistrationStatus.unregistered ? undefined : key(device);

const ofUser = (device: DeviceDocument, part: string | undefined): string | undefined =>
  device.userId === undefined || part === undefined ? undefined : pair(device.userId, part);

/** Oldest registration first; ties in the order of the log. */
const byRegistration = (device: DeviceDocument): string => `${device.firstRegisteredAt} ${device.firstPosition}`;

export const devices = {
  name: 'devices',
  version: 1,
  indexes: {
    client: { key: live((device) => device.clientId), sort: byRegistration },
    device: { key: live((device) => device.deviceId), sort: byRegistration },
    user: { key: live((device) => device.userId), sort: byRegistration },
    userDevice: { key: live((device) => ofUser(device, device.deviceId)), sort: byRegistration },
    userType: { key: live((device) => ofUser(device, device.deviceType)), sort: byRegistration },
    userPackage: { key: live((device) => ofUser(device, device.appPackage)), sort: byRegistration },
  },
} satisfies Collection<DeviceDocument>;

/** Keys of the indexes that combine a user with a property of the device. */
export const userKey = {
  device: (userId: string, deviceId: string) => pair(userId, deviceId),
  type: (userId: string, deviceType: DeviceType) => pair(userId, deviceType),
  package: (userId: string, appPackage: string) => pair(userId, appPackage),
};
