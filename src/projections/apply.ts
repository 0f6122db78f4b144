/** Folds a batch of events into the documents that they change, and writes documents and checkpoint at once. */
import type { UmsEvent } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import type { Copy, Documents, Stored } from '../ports/documents.ts';
import type { RecordedEvent } from '../ports/event-log.ts';
import type { Projection } from './projection.ts';

/** An event that a projection can't take. It stops the projection; skipping it would make the read model lie. */
export class PoisonEvent extends Error {
  override readonly name = 'PoisonEvent';
}

export interface Target {
  readonly documents: Documents;
  readonly copy: Copy;
  /** Whose checkpoint moves. */
  readonly checkpoint: string;
}

/**
 * @param from where the checkpoint stands
 * @returns where it stands now
 * @throws PoisonEvent, CheckpointLost, StoreUnavailable
 */
export async function applyBatch<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly RecordedEvent<E>[],
  from: Position,
  { documents, copy, checkpoint }: Target,
): Promise<Position> {
  const last = events.at(-1);
  if (last === undefined) return from;
  const ids = events.map(({ event }) => projection.idsOf(event));
  const { collection } = projection;
  const known = await documents.getMany(collection, [...new Set(ids.flat())], copy);
  const { puts, deletes } = foldBatch(projection, events, ids, known);
  await documents.write(collection, { puts, deletes, checkpoint: { name: checkpoint, from, to: last.position } }, copy);
  return last.position;
}

/** Pure: what a batch makes of the documents known. An event at or before a document's position changes nothing. */
export function foldBatch<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly RecordedEvent<E>[],
  ids: readonly (readonly string[])[],
  known: ReadonlyMap<string, Stored<T>>,
): { puts: Stored<T>[]; deletes: string[] } {
  const current = new Map(known);
  const changed = new Set<string>();
  events.forEach((event, index) => {
    for (const id of ids[index] ?? []) {
      const stored = current.get(id);
      if (stored !== undefined && stored.position >= event.position) continue;
      const next = evolve(projection, stored?.document, event, id);
      if (next === undefined || next === stored?.document) continue;
      changed.add(id);
      if (next === null) current.delete(id);
      else current.set(id, { id, position: event.position, document: next });
    }
  });
  const puts = [...changed].flatMap((id) => current.get(id) ?? []);
  return { puts, deletes: [...changed].filter((id) => !current.has(id)) };
}

function evolve<T, E extends UmsEvent>(
  { name, evolve: step }: Projection<T, E>,
  document: T | undefined,
  event: RecordedEvent<E>,
  id: string,
): T | null | undefined {
  try {
    return step(document, event, id);
  } catch (error) {
    throw new PoisonEvent(`projection ${name} can't take ${event.event.type} at ${event.position}: ${String(error)}`);
  }
}
