/** A collection of its own for each test: screens, found by their room and by their owner. */
import { type Position, positionOf } from '../../../src/domain/position.ts';
import type { Collection, Deletion, Documents, Page, Stored } from '../../../src/ports/documents.ts';
import { freshName } from '../support.ts';
import { type Screen, screenIndexes } from './indexes.ts';

export function screens(name = `c_${freshName()}`, version = 1) {
  return { name, version, indexes: screenIndexes } satisfies Collection<Screen>;
}

/** What the suite's checkpoints count positions of. */
export const LOG = 'the-log-of-the-suite';

export function stored(id: string, position: number | bigint, document: Screen = {}): Stored<Screen> {
  return { id, position: positionOf(position), document };
}

export function deleted(id: string, position: number | bigint): Deletion {
  return { id, position: positionOf(position) };
}

/** Puts documents without moving any checkpoint. */
export function put(documents: Documents, collection: Collection<Screen>, ...puts: Stored<Screen>[]): Promise<void> {
  return documents.write(collection, { puts });
}

export function at(position: number): Position {
  return positionOf(position);
}

export function idsOf(found: readonly Stored<unknown>[] | undefined): string[] | undefined {
  return found?.map(({ id }) => id);
}

/** Follows `next` to the last page. */
export async function allPages<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<Page<T>[]> {
  const pages = [await page(undefined)];
  for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next) {
    if (pages.length > 100) throw new Error('the pages do not end');
    pages.push(await page(next));
  }
  return pages;
}
