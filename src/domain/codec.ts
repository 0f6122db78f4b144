/**
 * Between stored JSON and the domain's types: validates on the way in and out, and upcasts old versions on the way out.
 * Unknown fields are dropped on read, refused nowhere.
 */
import type { ZodType } from 'zod';
import { checkData, checkMetadata } from './event-checks.ts';
import {
  type EventContext,
  type EventMetadata,
  type EventType,
  isEventType,
  metadataSchema,
  schemaOf,
  type UmsEvent,
} from './events.ts';

/** An upcaster turns `data` of the version it stands under into the next version's. */
type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>;

/** Types whose newest version is not 1, with an upcaster from each earlier version. Empty: every type is at version 1. */
const upcasters: Partial<Record<EventType, Readonly<Record<number, Upcaster>>>> = {};

export interface EncodedEvent {
  readonly type: string;
  /** JSON text. */
  readonly data: string;
  /** JSON text. */
  readonly metadata: string;
}

/** Stored data that fits no schema: a poison event. It stops every reader, with an error. */
export class UndecodableEvent extends Error {
  override readonly name = 'UndecodableEvent';
}

/** The newest version of a type, given the upcasters known. */
export function currentVersion(type: EventType, known = upcasters): number {
  const earlier = known[type];
  return earlier === undefined ? 1 : Object.keys(earlier).length + 1;
}

/** Lifts `data` of version `from` to the newest version. @throws UndecodableEvent for a version from the future */
export function upcast(type: EventType, from: number, data: unknown, known = upcasters): unknown {
  const newest = currentVersion(type, known);
  if (from > newest) throw new UndecodableEvent(`${type} has version ${from}, this release knows up to ${newest}`);
  let lifted = data;
  for (let version = from; version < newest; version += 1) {
    const step = known[type]?.[version];
    if (step === undefined) throw new UndecodableEvent(`${type} has no upcaster from version ${version}`);
    try {
      lifted = step(lifted as Record<string, unknown>);
    } catch {
      throw new UndecodableEvent(`${type} can't be lifted from version ${version}`);
    }
  }
  return lifted;
}

/** Checks and serialises an event. @throws ZodError when data or context break their schema: a defect of ours */
export function encodeEvent(event: UmsEvent, context: EventContext): EncodedEvent {
  const { type, data } = event;
  const metadata: EventMetadata = { ...context, schemaVersion: currentVersion(type) };
  return {
    type,
    data: JSON.stringify(checkData[type]?.(data) ?? schemaOf(type).parse(data)),
    metadata: JSON.stringify(checkMetadata(metadata) ?? metadataSchema.parse(metadata)),
  };
}

/** Parses and checks stored JSON. @throws UndecodableEvent with the reason, never with the data */
export function decodeEvent(stored: EncodedEvent): { event: UmsEvent; metadata: EventMetadata } {
  const { type } = stored;
  if (!isEventType(type)) throw new UndecodableEvent(`unknown event type ${type}`);
  let rawMetadata: unknown;
  let rawData: unknown;
  try {
    rawMetadata = JSON.parse(stored.metadata);
    rawData = JSON.parse(stored.data);
  } catch {
    throw new UndecodableEvent(`${type} is not JSON`);
  }
  const metadata = (checkMetadata(rawMetadata) ??
    explained(metadataSchema, rawMetadata, `${type} has unusable metadata`)) as EventMetadata;
  const lifted = upcast(type, metadata.schemaVersion, rawData);
  const data = checkData[type](lifted) ?? explained(schemaOf(type), lifted, `${type} breaks its schema`);
  return { event: { type, data } as UmsEvent, metadata };
}

/** The flat checks only say that a value is refused; the schema says where. @throws UndecodableEvent */
function explained(schema: ZodType, value: unknown, what: string): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new UndecodableEvent(`${what} at ${pathsOf(parsed.error)}`);
  return parsed.data;
}

function pathsOf(error: { issues: readonly { path: readonly PropertyKey[] }[] }): string {
  return error.issues.map((issue) => issue.path.map(String).join('.') || '(root)').join(', ');
}
