/** How the targets of a message are grouped into calls: by channel and app, in chunks of what a call may carry. */
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

/** The groups of a message, always the same ones in the same order. */
export function groupsOf(message: AcceptedMessage): TargetGroup[] {
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

/** The group of a name; also one target of a group alone, which may go another way than its group by now. */
export function groupNamed(message: AcceptedMessage, name: string, channel?: ChannelName): TargetGroup | undefined {
  const [whole, place] = name.split('-');
  const group = groupsOf(message).find((candidate) => candidate.group === whole);
  if (group === undefined || place === undefined) return group;
  const target = group.targets[Number(place)];
  return target === undefined
    ? undefined
    : { ...group, group: name, channel: channel ?? group.channel, targets: [target] };
}

/** Each of some targets of a group, alone. */
export function aloneIn(message: AcceptedMessage, { group }: TargetGroup, clientIds: readonly string[]): string[] {
  const whole = groupNamed(message, group.split('-')[0] ?? group);
  return clientIds.map((clientId) => `${whole?.group}-${whole?.targets.indexOf(clientId)}`);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += size) result.push(items.slice(start, start + size));
  return result;
}
