/** Folds events into documents. The functions are pure, and apply each event wholly or not at all. */
import type { UmsEvent } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import type { Deletion, Stored } from '../ports/documents.ts';
import type { RecordedEvent } from '../ports/event-log.ts';
import { PoisonEvent } from '../ports/eventsourcing/subscription.ts';
import type { Projection } from './projection.ts';

interface Addressed<E extends UmsEvent> {
  readonly event: RecordedEvent<E>;
  /** Ids of the documents that the event changes. */
  readonly ids: readonly string[];
}

/** A part of a batch that is written at once. */
export interface Piece<E extends UmsEvent> {
  readonly events: readonly Addressed<E>[];
  /** The error that follows these events, if any: an event without usable ids. */
  readonly poison?: PoisonEvent;
}

/**
 * Cuts a batch into pieces that change at most `limit` documents. A single event is not cut, even if it changes more.
 */
export function* piecesOf<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  batch: readonly RecordedEvent<E>[],
  limit: number,
): Generator<Piece<E>> {
  let events: Addressed<E>[] = [];
  let size = 0;
  for (const event of batch) {
    let ids: readonly string[];
    try {
      ids = projection.idsOf(event.event);
    } catch (error) {
      yield { events, poison: poisonEvent(projection, event, error) };
      return;
    }
    if (events.length > 0 && size + ids.length > limit) {
      yield { events };
      events = [];
      size = 0;
    }
    events.push({ event, ids });
    size += ids.length;
  }
  if (events.length > 0) yield { events };
}

/**
 * Ids of the documents that must be loaded for a piece. A document that begins in the piece is left out: its whole
 * history so far is in the piece. That is true also in a replay, where the store keeps a newer version by its position.
 */
export function idsToLoad<T, E extends UmsEvent>(
  { creates = [] }: Projection<T, E>,
  { events }: Piece<E>,
): ReadonlySet<string> {
  const begun = new Set<string>();
  const toLoad = new Set<string>();
  for (const { event, ids } of events) {
    const begins = creates.includes(event.event.type);
    for (const id of ids)
      if (begins) begun.add(id);
      else if (!begun.has(id)) toLoad.add(id);
  }
  return toLoad;
}

export interface Folded<T> {
  readonly puts: readonly Stored<T>[];
  readonly deletes: readonly Deletion[];
  /** Position of the last event that was taken. */
  readonly last?: Position | undefined;
  /** The error that follows that event, if any. */
  readonly poison?: PoisonEvent | undefined;
}

/** An event at or before a document's position changes nothing. */
export function foldPiece<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { events, poison }: Piece<E>,
  known: ReadonlyMap<string, Stored<T>>,
): Folded<T> {
  const current = new Map(known);
  /** Id of each changed document → position of its last change. */
  const changed = new Map<string, Position>();
  let last: Position | undefined;
  const folded = (met: PoisonEvent | undefined): Folded<T> => ({
    puts: [...changed.keys()].flatMap((id) => current.get(id) ?? []),
    deletes: [...changed].flatMap(([id, position]) => (current.has(id) ? [] : [{ id, position }])),
    last,
    poison: met,
  });
  for (const { event, ids } of events) {
    try {
      // An event is applied wholly or not at all: its changes are kept only once all its documents have taken it.
      for (const [id, next] of changesOf(projection, event, ids, current)) {
        changed.set(id, event.position);
        if (next === null) current.delete(id);
        else current.set(id, { id, position: event.position, document: next });
      }
    } catch (error) {
      return folded(poisonEvent(projection, event, error));
    }
    last = event.position;
  }
  return folded(poison);
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
