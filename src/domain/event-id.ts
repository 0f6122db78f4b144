import { v5 } from 'uuid';
import type { EventType } from './events.ts';
import type { StreamName } from './streams.ts';

/** Namespace of UMS event ids; never change it, appended ids depend on it. */
const NAMESPACE = '6d1c3c1e-6a8f-5b52-9f0b-2f2b8a3f6c11';

/**
 * The id of an event: UUIDv5 of stream, cause and type, and of its place among events of one append, so that
 * an append that is retried carries the same ids (`design.md §Events and streams`).
 */
export function eventId(stream: StreamName, cause: string, type: EventType, index: number): string {
  return v5(`${stream}\n${cause}\n${type}\n${index}`, NAMESPACE);
}
