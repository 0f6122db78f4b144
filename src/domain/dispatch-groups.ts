/** How the targets of a message are grouped into calls: by channel and app, in chunks of the size of a call. */
import type { AcceptedMessage, ChannelName } from './events.ts';

export interface TargetGroup {
  /** `<n>`, or `<n>-<i>` for the i-th target of group n alone. */
  readonly group: string;
  readonly channel: ChannelName;
  readonly appPackage: string;
  /** clientIds */
  readonly targets: readonly string[];
}

/** Targets of one call at most (JPush takes 1000). */
export const GROUP_SIZE = 1000;

/** Splitting a group asks for the groups once for each of its targets, so they are made once for each message. */
const known = new WeakMap<AcceptedMessage, readonly TargetGroup[]>();

/** The groups of a message, always the same ones in the same order. */
export function groupsOf(message: AcceptedMessage): readonly TargetGroup[] {
  const groups = known.get(message) ?? makeGroups(message);
  known.set(message, groups);
  return groups;
}

function makeGroups(message: AcceptedMessage): TargetGroup[] {
  const lanes = new Map<string, { channel: ChannelName; appPackage: string; targets: string[] }>();
  for (const { channel, appPackage, clientId } of message.targets) {
    const lane = lanes.get(`${channel} ${appPackage}`) ?? { channel, appPackage, targets: [] };
    lane.targets.push(clientId);
    lanes.set(`${channel} ${appPackage}`, lane);
  }
  return [...lanes.values()]
    .flatMap(({ channel, appPackage, targets }) =>
      chunks(targets, GROUP_SIZE).map((chunk) => ({ channel, appPackage, targets: chunk })),
    )
    .map((chunk, index) => ({ group: String(index), ...chunk }));
}

/**
 * The group of that name.
 * @param channel where a single target goes now, if that is not its group's channel
 */
export function groupNamed(message: AcceptedMessage, name: string, channel?: ChannelName): TargetGroup | undefined {
  const [whole, place] = name.split('-');
  const group = groupsOf(message).find((candidate) => candidate.group === whole);
  if (group === undefined || place === undefined) return group;
  const target = group.targets[Number(place)];
  return target === undefined
    ? undefined
    : { ...group, group: name, channel: channel ?? group.channel, targets: [target] };
}

/** Whether it is the name of a group of a single target. */
export function isAlone(group: string): boolean {
  return group.includes('-');
}

/** The names of the groups that have these targets of a group alone. */
export function aloneIn(message: AcceptedMessage, { group }: TargetGroup, clientIds: readonly string[]): string[] {
  const whole = groupNamed(message, group.split('-')[0] ?? group);
  const places = new Map(whole?.targets.map((clientId, place) => [clientId, place]));
  return clientIds.map((clientId) => `${whole?.group}-${places.get(clientId) ?? -1}`);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}
