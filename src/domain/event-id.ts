import { hash } from 'node:crypto';
import type { EventType } from './events.ts';
import type { StreamName } from './streams.ts';

/** Namespace of UMS event ids; never change it, appended ids depend on it. */
const NAMESPACE = Buffer.from('6d1c3c1e6a8f5b529f0b2f2b8a3f6c11', 'hex');

/**
 * The id of an event: UUIDv5 of stream, cause and type, and of its place among events of one append, so that
 * an append that is retried carries the same ids (`docs/events.md`).
 */
export function eventId(stream: StreamName, cause: string, type: EventType, index: number): string {
  return uuidV5(`${stream}\n${cause}\n${type}\n${index}`);
}

/** RFC 9562 §5.5. By hand, since every event needs one and Node's one-shot hash makes it in a third of the time. */
function uuidV5(name: string): string {
  const hex = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]), 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
