/** The `audience` of a push object (`docs/jpush.md §2`): all terminals of the app, or those that every kind in it names. */
import { invalid, isObject, type JsonObject, missing, type Refusal, unknownKey } from './types.ts';

/** Labels that find a terminal, beside its registration id. */
export interface Labels {
  readonly tags: readonly string[];
  readonly alias: string | undefined;
}

export interface Audience {
  /** Distinct; `undefined` where the push names none, and so means every terminal with the labels. */
  readonly registrationIds: readonly string[] | undefined;
  fits(labels: Labels): boolean;
}

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

/** @param audience one without a fault */
export function audienceOf(audience: unknown): Audience {
  if (!isObject(audience)) return { registrationIds: undefined, fits: () => true };
  const kinds = targetKinds(audience);
  const { registration_id: ids } = audience;
  return {
    registrationIds: kinds.includes('registration_id') ? [...new Set(ids as string[])] : undefined,
    fits: (labels) => kinds.every((kind) => fitsKind(kind, audience[kind] as string[], labels)),
  };
}

/** Members of one kind are alternatives, all but those of `tag_and`; the kinds narrow each other. */
function fitsKind(kind: string, members: readonly string[], { tags, alias }: Labels): boolean {
  switch (kind) {
    case 'registration_id':
      return true;
    case 'alias':
      return alias !== undefined && members.includes(alias);
    case 'tag':
      return members.some((tag) => tags.includes(tag));
    case 'tag_and':
      return members.every((tag) => tags.includes(tag));
    case 'tag_not':
      return !members.some((tag) => tags.includes(tag));
    default:
      // Segments, tests, files and live activities are made in JPush's console, so here they are empty.
      return false;
  }
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
