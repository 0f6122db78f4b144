/** Which groups of a message are still to be delivered, by its stream, independent of any queue. */
import { aloneIn, groupsOf, type TargetGroup } from './dispatch-groups.ts';
import { type KnownMessage, openTargets, roundOfAll, targetsOfCall } from './message.ts';

export interface OutstandingGroup extends TargetGroup {
  /** 0 at first; later ones are of groups that an operator has redriven. */
  readonly round: number;
}

/** The groups with a target that still waits for an outcome: those that need a job. */
export function outstandingGroups(state: KnownMessage): OutstandingGroup[] {
  return groupsOf(state.message).flatMap((whole) => [
    ...withOpenTargets(state, { ...whole, targets: targetsOfCall(state, whole) }),
    ...aloneOf(state, whole).flatMap((group) => withOpenTargets(state, group)),
  ]);
}

function aloneOf({ alone, message }: KnownMessage, whole: TargetGroup): TargetGroup[] {
  if (alone.size === 0) return [];
  return aloneIn(message, whole, whole.targets).flatMap((group, index) => {
    const channel = alone.get(group);
    const target = whole.targets[index];
    return channel === undefined || target === undefined ? [] : [{ ...whole, group, channel, targets: [target] }];
  });
}

function withOpenTargets(state: KnownMessage, group: TargetGroup): OutstandingGroup[] {
  const open = { ...group, targets: openTargets(state, group) };
  return open.targets.length === 0 ? [] : [{ ...open, round: roundOfAll(state, open) }];
}
