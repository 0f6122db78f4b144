/**
 * Projection specs: given these events, these documents. However the events come (one by one, at once, each twice, all
 * over again, through a rebuild on a real backend), the documents are the same ones, with the same positions.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import type { UmsEvent } from '../../src/domain/events.ts';
import { type Position, positionOf, START } from '../../src/domain/position.ts';
import type { Documents, Stored, WriteBatch } from '../../src/ports/documents.ts';
import type { EventLog, RecordedEvent } from '../../src/ports/event-log.ts';
import { batchApplier } from '../../src/projections/apply.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { openTestBackend, type TestBackend } from './embedded.ts';
import { appendAll } from './events.ts';
import { freeLeases } from './leases.ts';

export interface Projected<T> {
  /** By id. */
  readonly documents: Readonly<Record<string, T>>;
  /** Which event a document was last changed by: 1 is the first. */
  readonly changedBy: Readonly<Record<string, number>>;
  /** Where the nth event stands in the log. */
  positionOf(n: number): Position;
  /** ids of the documents under a key of an index, in the store's order. */
  found(index: string, key: string): Promise<string[]>;
}

/** `given` for one projection, with a backend that the specs of a file share. */
export function projectionSpec<T, E extends UmsEvent>(projection: Projection<T, E>) {
  const { collection } = projection;
  let test: TestBackend;
  beforeAll(async () => {
    test = await openTestBackend();
  });
  afterAll(() => test.close());

  return async (...events: E[]): Promise<Projected<T>> => {
    const { log, documents } = test.backend;
    const start = await log.head();
    await appendAll(log, events);
    const history = (await log.readAll(start, projection.filter, 1000)) as RecordedEvent<E>[];

    const once = await projected(projection, [history]);
    const ways = {
      'one by one': history.map((event) => [event]),
      'each twice': history.flatMap((event) => [[event], [event]]),
      'each twice in a batch': [history.flatMap((event) => [event, event])],
      'all over again': [history, history],
      'its beginning again': [history, history.slice(0, Math.ceil(history.length / 2))],
    };
    for (const [way, batches] of Object.entries(ways))
      for (const largestWrite of [1, 3, 1000])
        expect(await projected(projection, batches, largestWrite), `${way}, ${largestWrite} a write`).toEqual(once);

    await rebuild(projection, { log: logAfter(log, start), documents, leases: freeLeases() });
    const ids = [...new Set(history.flatMap(({ event }) => projection.idsOf(event)))];
    expect(await documents.getMany(collection, ids), 'rebuilt').toEqual(once);
    return {
      documents: Object.fromEntries([...once].map(([id, { document }]) => [id, document])),
      changedBy: Object.fromEntries([...once].map(([id, { position }]) => [id, Number(position - start)])),
      positionOf: (n) => positionOf(start + BigInt(n)),
      async found(index, key) {
        const found = await documents.findByKeys(collection, index, [key], { each: 1000, total: 10_000 });
        return (found.get(key) ?? []).map(({ id }) => id);
      },
    };
  };
}

/** A log as if it began after a position. */
function logAfter(log: EventLog, start: Position): EventLog {
  return {
    ...log,
    readAll: (after, filter, limit) => log.readAll(after > start ? after : start, filter, limit),
  };
}

/** The documents that some batches leave in a store, by id. */
export async function projected<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  batches: readonly (readonly RecordedEvent<E>[])[],
  largestWrite = 1000,
): Promise<Map<string, Stored<T>>> {
  const { documents, stored } = memoryDocuments<T>();
  const copy = { collection: projection.name, version: projection.collection.version, generation: 1 };
  const take = batchApplier(projection, { documents, copy, log: 'log', largestWrite });
  let position = START;
  for (const batch of batches) position = await take(batch, position, new AbortController().signal);
  return stored;
}

/** The two methods that a batch needs, with the guard of the port: at or below the position of an id nothing changes. */
function memoryDocuments<T>() {
  const stored = new Map<string, Stored<T>>();
  const deleted = new Map<string, Position>();
  const positionOf = (id: string): Position => stored.get(id)?.position ?? deleted.get(id) ?? START;
  const documents = {
    getMany: async (_: unknown, ids: readonly string[]) =>
      new Map(ids.flatMap((id) => (stored.has(id) ? [[id, stored.get(id)]] : []))),
    async write(_: unknown, { puts = [], deletes = [] }: WriteBatch<T>) {
      for (const put of puts) if (put.position > positionOf(put.id)) stored.set(put.id, put);
      for (const { id, position } of deletes) {
        if (position <= positionOf(id)) continue;
        stored.delete(id);
        deleted.set(id, position);
      }
    },
  };
  return { documents: documents as unknown as Documents, stored };
}
