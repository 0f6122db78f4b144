/** The size of one write is bounded in documents, not in events. */
import { describe, expect, test } from 'vitest';
import type { MessageEvent } from '../../src/domain/events.ts';
import { type Position, START } from '../../src/domain/position.ts';
import type { Documents, WriteBatch } from '../../src/ports/documents.ts';
import { deliveries } from '../../src/ports/read-models/deliveries.ts';
import { batchApplier } from '../../src/projections/apply.ts';
import { deliveriesProjection } from '../../src/projections/deliveries.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { gate, range } from '../contract/support.ts';
import { accepted, appendAll, dispatched, recorded, targetsNamed } from '../support/events.ts';
import { freeLeases } from '../support/leases.ts';
import { aBackend, running } from './support.ts';

const { name } = deliveriesProjection;
const never = new AbortController().signal;
const messageTo = (count: number, msgId: string) => accepted({ msgId, targets: targetsNamed(count) });
const dispatchOf = (count: number, msgId: string) =>
  dispatched({ msgId, targets: targetsNamed(count).map(({ clientId }) => clientId) });

/** Documents that note how many each call addresses, and where the checkpoint went. */
function noted(documents: Documents) {
  const writes: { readonly size: number; readonly to: Position | undefined }[] = [];
  const reads: number[] = [];
  const write: Documents['write'] = async (collection, batch, copy) => {
    await documents.write(collection, batch, copy);
    writes.push({ size: (batch.puts?.length ?? 0) + (batch.deletes?.length ?? 0), to: batch.checkpoint?.to });
  };
  const getMany: Documents['getMany'] = (collection, ids, copy) => {
    reads.push(ids.length);
    return documents.getMany(collection, ids, copy);
  };
  return { writes, reads, documents: { ...documents, write, getMany } as Documents };
}

const copy = { collection: name, version: 1, generation: 1 };

/** Stores nothing. */
const nowhere = {
  getMany: async () => new Map(),
  write: async (_: unknown, __: WriteBatch<unknown>) => undefined,
} as unknown as Documents;

describe('a batch', () => {
  test('is written in pieces of so many documents, each with its part of the checkpoint; one event stays whole', async () => {
    const { writes, documents } = noted(nowhere);
    const take = batchApplier(deliveriesProjection, { documents, copy, log: 'log', largestWrite: 10 });
    const events = recorded<MessageEvent>([4, 4, 4, 10, 25, 1, 9, 1].map((count, n) => messageTo(count, `m${n}`)));
    expect(await take(events, START, never)).toBe(8n);
    expect(writes).toEqual([
      { size: 8, to: 2n },
      { size: 4, to: 3n },
      { size: 10, to: 4n },
      { size: 25, to: 5n },
      { size: 10, to: 7n },
      { size: 1, to: 8n },
    ]);
  });

  const thrower: Projection<unknown, MessageEvent> = {
    ...(deliveriesProjection as Projection<unknown, MessageEvent>),
    evolve(_, event) {
      if (event.event.data.msgId === 'bad') throw new Error('can not happen');
      return {};
    },
  };
  const lost: typeof thrower = {
    ...thrower,
    idsOf(event) {
      if (event.data.msgId === 'bad') throw new Error('can not happen');
      return thrower.idsOf(event);
    },
  };

  test.each([
    ['in evolve', thrower],
    ['in idsOf', lost],
  ])('stops at an event that the projection throws at %s, with all before it written', async (_, projection) => {
    for (const before of range(6)) {
      const { writes, documents } = noted(nowhere);
      const take = batchApplier(projection, { documents, copy, log: 'log', largestWrite: 2 });
      const good = range(before).map((n) => messageTo(1, `m${n}`));
      const events = recorded<MessageEvent>([...good, messageTo(1, 'bad'), messageTo(1, 'after')]);
      await expect(take(events, START, never)).rejects.toThrow(`MessageAccepted at ${before + 1}`);
      expect(writes.reduce((sum, { size }) => sum + size, 0)).toBe(before);
      expect(writes.at(-1)?.to ?? START).toBe(BigInt(before));
    }
  });
});

test('a runner reads and writes no more than 512 documents at once', async () => {
  const { log, documents } = (await aBackend()).backend;
  const ids = range(12).map((n) => `m${n}`);
  await appendAll(
    log,
    ids.map((id) => messageTo(200, id)),
  );
  const first = noted(documents);
  const runner = running(deliveriesProjection, { log, documents: first.documents });
  expect(await documents.reached(name, await log.head(), 10_000)).toBe(true);
  await runner.stop();
  expect(first.writes.map(({ size }) => size)).toEqual(range(6).map(() => 400));

  const last = await appendAll(
    log,
    ids.map((id) => dispatchOf(200, id)),
  );
  const second = noted(documents);
  running(deliveriesProjection, { log, documents: second.documents });
  expect(await documents.reached(name, last, 10_000)).toBe(true);
  expect(second.reads).toEqual(range(6).map(() => 400));
  const { items } = await documents.find(deliveries, { index: 'message', key: 'm11', limit: 500 });
  expect(items.map(({ document }) => document.status)).toEqual(range(200).map(() => 1));
});

test('a rebuild writes no more than 4096 documents at once', async () => {
  const { log, documents } = (await aBackend()).backend;
  await appendAll(
    log,
    range(9).map((n) => messageTo(1000, `m${n}`)),
  );
  const { writes, documents: notedDocuments } = noted(documents);
  await rebuild(deliveriesProjection, { log, documents: notedDocuments, leases: freeLeases() });
  expect(writes.map(({ size }) => size)).toEqual([4000, 4000, 1000]);
  expect(await documents.checkpoint(name)).toBe(await log.head());
});

test('a runner that is stopped leaves the rest of its batch for the next', async () => {
  const { log, documents } = (await aBackend()).backend;
  const ids = range(6).map((n) => `m${n}`);
  const head = await appendAll(
    log,
    ids.map((id) => messageTo(200, id)),
  );
  const [writing, goOn] = [gate(), gate()];
  const write: Documents['write'] = async (...parameters) => {
    writing.open();
    await goOn.opened;
    await documents.write(...parameters);
  };
  const runner = running(deliveriesProjection, { log, documents: { ...documents, write } });
  await writing.opened;
  const stopped = runner.stop();
  goOn.open();
  await stopped;
  expect(Number(await documents.checkpoint(name))).toBe(2);
  running(deliveriesProjection, { log, documents });
  expect(await documents.reached(name, head, 10_000)).toBe(true);
  for (const key of ids)
    expect((await documents.find(deliveries, { index: 'message', key, limit: 500 })).items).toHaveLength(200);
});
