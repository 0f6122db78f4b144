/**
 * The newest events that a thread has read. Several subscriptions follow the log, and thanks to this each event is read
 * and decoded only once. Positions of this log have no gaps.
 */
import type { RecordedEvent } from '../../../ports/event-log.ts';
import type { EventRow } from '../event-row.ts';

/** Characters of JSON that are kept, at most. */
const MAX_CHARACTERS = 8 * 1024 * 1024;
/** Number of events that are dropped together when there are too many. */
const DROP = 256;

export interface EventEntry {
  readonly row: EventRow;
  decoded?: RecordedEvent;
}

export interface RecentEvents {
  /** Returns up to `limit` events after a position, or `undefined` if the first of them is not kept here. */
  after(position: number, limit: number): readonly EventEntry[] | undefined;
  at(position: number): EventEntry | undefined;
  /**
   * Keeps events that were read after a position, if they follow the kept ones. With `restart` they may replace those.
   */
  add(after: number, entries: readonly EventEntry[], restart: boolean): void;
  /** Forgets all events, so that the next reader reads the file. */
  clear(): void;
}

export function recentEvents(maxCharacters = MAX_CHARACTERS): RecentEvents {
  const entries: EventEntry[] = [];
  /** Position of the event before the first entry. */
  let base = 0;
  let characters = 0;
  const end = (): number => base + entries.length;

  const drop = (count: number): void => {
    for (const entry of entries.splice(0, count)) characters -= sizeOf(entry);
    base += count;
  };

  const clear = (): void => drop(entries.length);

  return {
    after(position, limit) {
      if (position < base || position >= end()) return undefined;
      return entries.slice(position - base, position - base + limit);
    },
    at: (position) => entries[position - base - 1],
    add(after, more, restart) {
      if (after !== end()) {
        if (!restart) return;
        clear();
        base = after;
      }
      for (const entry of more) characters += sizeOf(entry);
      entries.push(...more);
      while (characters > maxCharacters && entries.length > 0) drop(Math.min(DROP, entries.length));
    },
    clear,
  };
}

function sizeOf({ row }: EventEntry): number {
  return row.data.length + row.metadata.length;
}
