/** The `audience` of a push object (`docs/jpush.md §2`): all, or an object of kinds, each with its members. */
import { invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

/** How many members each kind may have; the others have none to count. */
const limits: Readonly<Record<string, number>> = {
  registration_id: 1000,
  alias: 1000,
  tag: 20,
  tag_and: 20,
  tag_not: 20,
  segment: 1,
  abtest: 1,
};
const keys = new Set([...Object.keys(limits), 'live_activity_id', 'file']);
/** Of UTF-8. */
const MAX_ALIAS_BYTES = 40;

export function missingAudience(audience: unknown): Refusal | undefined {
  const nobody = audience === undefined || (isObject(audience) && targetKinds(audience).length === 0);
  return nobody ? missing('audience') : undefined;
}

export function audienceFault(audience: unknown): Refusal | undefined {
  if (audience === 'all') return undefined;
  if (!isObject(audience)) return invalid('audience');
  return unknownKey(audience, keys) ?? membersFault(audience);
}

function membersFault(audience: JsonObject): Refusal | undefined {
  for (const kind of targetKinds(audience)) {
    const limit = limits[kind];
    const members = audience[kind];
    if (limit === undefined) continue;
    if (!Array.isArray(members) || members.length > limit) return invalid(kind);
    if (!members.every((member) => typeof member === 'string' && member !== '')) return invalid(kind);
    if (kind === 'alias' && members.some((alias) => Buffer.byteLength(alias) > MAX_ALIAS_BYTES)) return invalid(kind);
  }
  return undefined;
}

/** An empty array counts as absent. */
function targetKinds(audience: JsonObject): string[] {
  return Object.keys(audience).filter((kind) => !(Array.isArray(audience[kind]) && audience[kind].length === 0));
}
