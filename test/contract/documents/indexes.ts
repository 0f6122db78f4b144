/**
 * The indexes of the suite's collections, by name: functions do not go over the wire to another thread or process, which
 * has them from here.
 */
import type { IndexDefinition } from '../../../src/ports/documents.ts';

export interface Screen {
  readonly room?: string | undefined;
  readonly rank?: number;
  readonly owner?: string | undefined;
  readonly more?: unknown;
}

export const screenIndexes = {
  /** Ordered by rank. */
  room: { key: (screen: Screen) => screen.room, sort: ({ rank = 0 }: Screen) => String(rank).padStart(4, '0') },
  /** Ordered by id. */
  ownedBy: { key: (screen: Screen) => screen.owner },
};

/** Of a later version of the collection. */
export const laterIndexes = {
  room: screenIndexes.room,
  byRank: { key: ({ rank }: Screen) => (rank === undefined ? undefined : `rank ${rank}`) },
};

const known: Readonly<Record<string, IndexDefinition<Screen>>> = { ...screenIndexes, ...laterIndexes };

/** @returns a collection that came over the wire with its functions again; anything else as it is */
export function withIndexes(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null || !('indexes' in arg)) return arg;
  const names = arg.indexes as readonly string[];
  return { ...arg, indexes: Object.fromEntries(names.map((name) => [name, known[name]])) };
}
