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
 * @throws PoisonEvent once all before that event is written; CheckpointLost, StoreUnavailable
 */
export async function applyBatch<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly RecordedEvent<E>[],
  from: Position,
  { documents, copy, checkpoint }: Target,
): Promise<Position> {
  if (events.length === 0) return from;
  const { collection } = projection;
  const addressed = addressEvents(projection, events);
  const known = await documents.getMany(collection, idsToLoad(projection, addressed.events), copy);
  const { puts, deletes, last, poison = addressed.poison } = foldBatch(projection, addressed.events, known);
  if (last !== undefined)
    await documents.write(collection, { puts, deletes, checkpoint: { name: checkpoint, from, to: last } }, copy);
  if (poison !== undefined) throw poison;
  return last ?? from;
}

interface Addressed<E extends UmsEvent> {
  readonly event: RecordedEvent<E>;
  /** The documents that it changes. */
  readonly ids: readonly string[];
}

/** Each event with the ids of its documents, up to the first that has none to give. */
function addressEvents<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly RecordedEvent<E>[],
): { events: Addressed<E>[]; poison?: PoisonEvent } {
  const addressed: Addressed<E>[] = [];
  for (const event of events) {
    try {
      addressed.push({ event, ids: projection.idsOf(event.event) });
    } catch (error) {
      return { events: addressed, poison: poisonEvent(projection, event, error) };
    }
  }
  return { events: addressed };
}

/**
 * Documents that the batch goes on with. One that begins in it is left out: all that has happened to it so far happens in
 * this batch, also when it is replayed, and the store keeps a newer version by its position.
 */
function idsToLoad<T, E extends UmsEvent>(
  { creates = [] }: Projection<T, E>,
  events: readonly Addressed<E>[],
): string[] {
  const begun = new Set<string>();
  const toLoad = new Set<string>();
  for (const { event, ids } of events) {
    const begins = creates.includes(event.event.type);
    for (const id of ids)
      if (begins) begun.add(id);
      else if (!begun.has(id)) toLoad.add(id);
  }
  return [...toLoad];
}

interface Folded<T> {
  readonly puts: readonly Stored<T>[];
  readonly deletes: readonly string[];
  /** Of the last event that was taken. */
  readonly last?: Position | undefined;
  /** What was met after it, if anything. */
  readonly poison?: PoisonEvent;
}

/** Pure: what events make of the documents known. An event at or before a document's position changes nothing. */
function foldBatch<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  events: readonly Addressed<E>[],
  known: ReadonlyMap<string, Stored<T>>,
): Folded<T> {
  const current = new Map(known);
  const changed = new Set<string>();
  let last: Position | undefined;
  const folded = (poison?: PoisonEvent): Folded<T> => ({
    puts: [...changed].flatMap((id) => current.get(id) ?? []),
    deletes: [...changed].filter((id) => !current.has(id)),
    last,
    ...(poison === undefined ? {} : { poison }),
  });
  for (const { event, ids } of events) {
    try {
      // All of an event or nothing: what it changes is kept once every one of its documents has taken it.
      for (const [id, next] of changesOf(projection, event, ids, current)) {
        changed.add(id);
        if (next === null) current.delete(id);
        else current.set(id, { id, position: event.position, document: next });
      }
    } catch (error) {
      return folded(poisonEvent(projection, event, error));
    }
    last = event.position;
  }
  return folded();
}

function changesOf<T, E extends UmsEvent>(
  { evolve }: Projection<T, E>,
  event: RecordedEvent<E>,
  ids: readonly string[],
  current: ReadonlyMap<string, Stored<T>>,
): (readonly [id: string, next: T | null])[] {
  const changes: (readonly [string, T | null])[] = [];
  for (const id of ids) {
    const stored = current.get(id);
    if (stored !== undefined && stored.position >= event.position) continue;
    const next = evolve(stored?.document, event, id);
    if (next !== undefined && next !== stored?.document) changes.push([id, next]);
  }
  return changes;
}

function poisonEvent<T, E extends UmsEvent>(
  { name }: Projection<T, E>,
  { event, position }: RecordedEvent<E>,
  error: unknown,
): PoisonEvent {
  return new PoisonEvent(`projection ${name} can't take ${event.type} at ${position}: ${String(error)}`);
}
