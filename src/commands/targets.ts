/** The targets of a message: from the names in the request to the registrations behind them (`docs/api.md §4 msgPush`). */
import { channelOf } from '../domain/channels.ts';
import type { DeviceType, Target } from '../domain/events.ts';
import type { Documents, Stored } from '../ports/documents.ts';
import { type DeviceDocument, devices, userKey } from '../ports/read-models/devices.ts';

/** More targets than this are not sent to at once. */
export const MAX_TARGETS = 5000;

/** The names in the request, no two alike, and whose terminals they are looked for among. */
export type Selection =
  /** clientIds, of any user. */
  | { readonly by: 'client'; readonly names: readonly string[] }
  /** deviceIds, types or packages of one user's terminals. */
  | {
      readonly by: 'userDevice' | 'userType' | 'userPackage';
      readonly names: readonly string[];
      readonly userId: string;
    };

export interface Selected {
  /** Each registration once, in the order of the request; at most `MAX_TARGETS` + 1, which says "too many". */
  readonly targets: readonly Target[];
  /** Names that no registration goes by, in the order of the request; none where there are too many targets. */
  readonly missing: readonly string[];
}

/** Reads the device list as it is now. */
export async function selectTargets(documents: Documents, selection: Selection): Promise<Selected> {
  const { names } = selection;
  if (names.length === 0) return { targets: [], missing: [] };
  const keys = names.map((name) => keyOf(selection, name));
  // One more than a message may have says "too many", whichever names they belong to.
  const limits = { each: MAX_TARGETS + 1, total: MAX_TARGETS + 1 };
  const found = await documents.findByKeys<DeviceDocument>(devices, selection.by, keys, limits);
  const isCut = [...found.values()].reduce((sum, { length }) => sum + length, 0) > MAX_TARGETS;
  const targets = new Map<string, Target>();
  const missing: string[] = [];
  names.forEach((name, index) => {
    const registrations = found.get(keys[index] ?? '') ?? [];
    if (registrations.length === 0 && !isCut) missing.push(name);
    for (const registration of registrations)
      if (targets.size <= MAX_TARGETS) targets.set(registration.id, targetOf(registration));
  });
  return { targets: [...targets.values()], missing };
}

function keyOf(selection: Selection, name: string): string {
  switch (selection.by) {
    case 'client':
      return name;
    case 'userDevice':
      return userKey.device(selection.userId, name);
    case 'userType':
      return userKey.type(selection.userId, name as DeviceType);
    case 'userPackage':
      return userKey.package(selection.userId, name);
  }
}

function targetOf({ document }: Stored<DeviceDocument>): Target {
  const { clientId, appPackage, deviceType, deviceId, userId } = document;
  return { clientId, appPackage, channel: channelOf(document), deviceType, deviceId, userId };
}
