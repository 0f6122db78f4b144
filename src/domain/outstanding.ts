/** Which groups of a message are still to be delivered, as its stream has it, whatever a queue knows of them. */
import { aloneIn, groupsOf, isAlone, type TargetGroup } from './dispatch-groups.ts';
import { type KnownMessage, openTargets } from './message.ts';

/**
 * clientIds of the group that its call is for. A target that has begun to go alone goes on alone: with its group as well
 * it would be sent to twice, with two idempotency keys.
 */
export function targetsOfCall({ alone, message }: KnownMessage, group: TargetGroup): readonly string[] {
  if (isAlone(group.group) || alone.size === 0) return group.targets;
  const names = aloneIn(message, group, group.targets);
  return group.targets.filter((_, index) => !alone.has(names[index] ?? ''));
}

/** The groups with a target that still waits for an outcome: those that need a job. */
export function outstandingGroups(state: KnownMessage): TargetGroup[] {
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

function withOpenTargets(state: KnownMessage, group: TargetGroup): TargetGroup[] {
  const targets = openTargets(state, { ...group, round: 0 });
  return targets.length === 0 ? [] : [{ ...group, targets }];
}
