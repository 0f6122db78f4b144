/** A read model as a pure function of the log (`docs/architecture.md §Projections`). */
import type { EventType, UmsEvent } from '../domain/events.ts';
import type { Collection } from '../ports/documents.ts';
import type { LogFilter, RecordedEvent } from '../ports/event-log.ts';

export interface Projection<T, E extends UmsEvent = UmsEvent> {
  readonly name: string;
  readonly collection: Collection<T>;
  /** Stream prefixes and types of the events that it is made from. */
  readonly filter: LogFilter & { readonly types: readonly EventType[] };
  /** Ids of the documents that an event changes. */
  readonly idsOf: (event: E) => readonly string[];
  /** Types of events with which documents begin. No earlier document is loaded for them. */
  readonly creates?: readonly EventType[];
  /** Returns a document as it is after an event. `null` deletes it; the same object leaves it unchanged. */
  readonly evolve: (document: T | undefined, event: RecordedEvent<E>, id: string) => T | null | undefined;
}
