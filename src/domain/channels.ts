/** The channels that reach terminals, and their rules (`docs/api.md §4`): no other file has a rule about one of them. */
import type { AppPackage } from './apps.ts';
import { type ChannelName, type DeviceType, type Registration, SMART_SPEAKER } from './events.ts';

interface ChannelRules {
  /** How a registration asks for the channel. */
  readonly collab3th: Registration['collab3th'];
  /** Bytes of a message's JSON text as UTF-8. */
  readonly maxMessageBytes: number;
  /** Whether terminals of this type may use the channel. */
  readonly reaches: (deviceType: DeviceType) => boolean;
  /** Whether the channel can reach terminals of the package. */
  readonly serves: (appPackage: AppPackage) => boolean;
}

const rules: Readonly<Record<ChannelName, ChannelRules>> = {
  jpush: {
    collab3th: 0,
    maxMessageBytes: 3 * 1024,
    reaches: () => true,
    serves: ({ jpush }) => jpush !== undefined,
  },
  m2m: {
    collab3th: 1,
    maxMessageBytes: 64 * 1024,
    reaches: (deviceType) => deviceType === SMART_SPEAKER,
    serves: () => true,
  },
};

/** The channel that a registration has asked for. */
export function channelOf({ collab3th }: Pick<Registration, 'collab3th'>): ChannelName {
  return collab3th === rules.m2m.collab3th ? 'm2m' : 'jpush';
}

/** Whether a request may ask for this channel: it is one of ours, and terminals of the type may use it. */
export function isChannelFor(deviceType: DeviceType, collab3th: number): collab3th is Registration['collab3th'] {
  return Object.values(rules).some((each) => each.collab3th === collab3th && each.reaches(deviceType));
}

/** Whether the channel that a registration asks for can reach terminals of the package. */
export function servesPackage(appPackage: AppPackage, registration: Pick<Registration, 'collab3th'>): boolean {
  return rules[channelOf(registration)].serves(appPackage);
}

/** Bytes that a message to targets of these channels may have: with several channels the smallest limit holds. */
export function maxMessageBytes(channels: Iterable<ChannelName>): number {
  let limit = Math.max(...Object.values(rules).map((each) => each.maxMessageBytes));
  for (const channel of channels) limit = Math.min(limit, rules[channel].maxMessageBytes);
  return limit;
}
