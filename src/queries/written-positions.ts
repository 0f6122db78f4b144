/** The newest position that this node wrote for each message, so that its next reader sees it (`docs/architecture.md §Commands`). */
import { LRUCache } from 'lru-cache';
import type { Position } from '../domain/position.ts';

/** Messages remembered; a forgotten one is read as far as the read models are. */
const MAX_MESSAGES = 50_000;

export interface WrittenPositions {
  note(msgId: string, position: Position): void;
  of(msgId: string): Position | undefined;
}

export function writtenPositions(max = MAX_MESSAGES): WrittenPositions {
  const newest = new LRUCache<string, Position>({ max });
  return {
    note(msgId, position) {
      const known = newest.get(msgId);
      if (known === undefined || position > known) newest.set(msgId, position);
    },
    of: (msgId) => newest.get(msgId),
  };
}
