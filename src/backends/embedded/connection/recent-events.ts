/**
 * The newest events of the log as a thread has read them: several subscriptions follow it and each event is read and
 * decoded once. Positions of this log have no gaps.
 */
import type { RecordedEvent } from '../../../ports/event-log.ts';
import type { EventRow } from '../event-row.ts';

/** Characters of JSON that are kept. */
const MAX_CHARACTERS = 8 * 1024 * 1024;
/** Dropped at once when there are too many. */
const DROP = 256;

export interface EventEntry {
  readonly row: EventRow;
  decoded?: RecordedEvent;
}

export interface RecentEvents {
  /** Up to `limit` events after a position; `undefined` if they (or some of them) are not known here. */
  after(position: number, limit: number): readonly EventEntry[] | undefined;
  at(position: number): EventEntry | undefined;
  /** Keeps events read after a position, if they follow on those kept or, with `restart`, in their place. */
  add(after: number, entries: readonly EventEntry[], restart: boolean): void;
  /** Keeps nothing: the next reader asks the file. */
  clear(): void;
}

export function recentEvents(maxCharacters = MAX_CHARACTERS): RecentEvents {
  const entries: EventEntry[] = [];
  /** Position before the first entry. */
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
