/** The read models: what a document of each looks like and what it is found by. Filled by `projections`, read by the rest. */
import type { DeviceType, Registration } from '../domain/events.ts';
import { type MessageStatus, RegistrationStatus, type StatusCounts } from '../domain/status.ts';
import type { TargetView } from '../domain/target-view.ts';
import type { Collection } from './documents.ts';

/** One text for two that belong together, different for every pair. */
function pair(first: string, second: string): string {
  return `${first.length}:${first}${second}`;
}

export interface DeviceDocument extends Registration {
  readonly status: RegistrationStatus;
  /** The log position of the first registration, sortable. */
  readonly firstPosition: string;
}

/** Finds only what is registered now. Its id is `registrationId` (`domain/streams.ts`). */
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

/** Keys of the indexes that join a user with something of the device. */
export const userKey = {
  device: (userId: string, deviceId: string) => pair(userId, deviceId),
  type: (userId: string, deviceType: DeviceType) => pair(userId, deviceType),
  package: (userId: string, appPackage: string) => pair(userId, appPackage),
};

/** How a target stands: its status, or `-` while that is 0 and it has had no outcome, neither sent to nor failed. */
export type Standing = typeof OPEN | `${MessageStatus}`;
export const OPEN = '-';

/** The targets of one app package. In as few letters as can be: a message is written whole whenever a target moves. */
export interface PackageTargets {
  readonly appPackage: string;
  /** In the order of acceptance. */
  readonly clientIds: readonly string[];
  /** A `Standing` each, one letter, in the same order. */
  readonly standings: string;
}

export interface MessageDocument {
  readonly msgId: string;
  readonly origin: 'terminal' | 'cloud' | 'host';
  readonly appId: string;
  readonly userId?: string | undefined;
  /** ISO */
  readonly acceptedAt: string;
  /** ISO */
  readonly expiresAt: string;
  /** ISO, first hand-over to a provider. */
  readonly pushTime?: string | undefined;
  readonly status: MessageStatus;
  readonly counts: StatusCounts;
  readonly targetCount: number;
  readonly targets: readonly PackageTargets[];
}

/** Its id is the msgId. */
export const messages = {
  name: 'messages',
  version: 2,
  indexes: {
    /** Messages with an open target, by their expiry. */
    openUntil: {
      key: (message: MessageDocument) =>
        message.targets.some(({ standings }) => standings.includes(OPEN)) ? message.expiresAt : undefined,
    },
  },
} satisfies Collection<MessageDocument>;

export interface DeliveryDocument extends TargetView {
  /** Its place among the targets of the message. */
  readonly index: number;
}

/** Its id is `deliveryId`. */
export const deliveries = {
  name: 'deliveries',
  version: 1,
  indexes: {
    message: {
      key: (delivery: DeliveryDocument) => delivery.msgId,
      sort: ({ index }) => String(index).padStart(6, '0'),
    },
  },
} satisfies Collection<DeliveryDocument>;
