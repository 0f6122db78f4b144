import { describe, expect, test } from 'vitest';
import { type Position, START } from '../../src/domain/position.ts';
import type { Documents } from '../../src/ports/documents.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import type { EventLog, LogBatch } from '../../src/ports/event-log.ts';
import { devices } from '../../src/ports/read-models/devices.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import { eventually } from '../contract/support.ts';
import { channelRegistered } from '../fixtures/samples.ts';
import { errorLog } from '../support/error-log.ts';
import { appendAll, received, unregistered } from '../support/events.ts';
import { recordedTelemetry } from '../support/telemetry.ts';
import { aBackend, comesTo, running } from './support.ts';

const { name } = devicesProjection;
const phone = (clientId: string) => channelRegistered({ clientId });
const idOf = (clientId: string) => `${clientId}/com.example.phone`;

/** The log, and where each subscription to it began. */
function watched(log: EventLog) {
  const starts: Position[] = [];
  const subscribe: EventLog['subscribe'] = (after, filter, signal) => {
    starts.push(after);
    return log.subscribe(after, filter, signal);
  };
  return { starts, log: { ...log, subscribe } };
}

async function reaches(documents: Documents, position: Position): Promise<void> {
  expect(await documents.reached(name, position, 10_000)).toBe(true);
}

/** Fails as often as told, then works. */
function failing(documents: Documents, method: 'write' | 'getMany', times: number): Documents {
  let left = times;
  const broken = async (...parameters: unknown[]): Promise<unknown> => {
    left -= 1;
    if (left >= 0) throw new StoreUnavailable('the store is away');
    return (documents[method] as (...all: unknown[]) => Promise<unknown>)(...parameters);
  };
  return { ...documents, [method]: broken };
}

describe('a runner', () => {
  test('takes the events that exist and those that follow', async () => {
    const { log, documents } = (await aBackend()).backend;
    await appendAll(log, [phone('a'), phone('b')]);
    running(devicesProjection, { log, documents });
    await reaches(documents, await log.head());
    await reaches(documents, await appendAll(log, [phone('c'), unregistered({ clientId: 'a' })]));
    const found = await documents.getMany(devices, ['a', 'b', 'c'].map(idOf));
    expect([...found.values()].map(({ document }) => document.status)).toEqual([2, 1, 1]);
  });

  test('leaves events alone that are none of its projection', async () => {
    const { log, documents } = (await aBackend()).backend;
    const last = await appendAll(log, [phone('a')]);
    await appendAll(log, [received()]);
    running(devicesProjection, { log, documents });
    await reaches(documents, last);
    // Its checkpoint passes over them.
    await reaches(documents, await log.head());
  });

  test('resumes from its checkpoint, also in another process', async () => {
    const backend = await aBackend();
    const { log, documents } = backend.backend;
    const first = running(devicesProjection, { log, documents });
    const stoppedAt = await appendAll(log, [phone('a'), phone('b')]);
    await reaches(documents, stoppedAt);
    await first.stop();
    expect(first.state()).toEqual({ status: 'stopped' });

    const reopened = await backend.reopen();
    const { starts, log: watchedLog } = watched(reopened.log);
    const last = await appendAll(reopened.log, [phone('c')]);
    const second = running(devicesProjection, { log: watchedLog, documents: reopened.documents });
    await reaches(reopened.documents, last);
    expect(starts).toEqual([stoppedAt]);
    expect((await reopened.documents.getMany(devices, ['a', 'b', 'c'].map(idOf))).size).toBe(3);
    await second.stop();
  });

  test('that is stopped takes no more', async () => {
    const { log, documents } = (await aBackend()).backend;
    const runner = running(devicesProjection, { log, documents });
    const stoppedAt = await appendAll(log, [phone('a')]);
    await reaches(documents, stoppedAt);
    await runner.stop();
    await appendAll(log, [phone('b')]);
    expect(await documents.checkpoint(name)).toBe(stoppedAt);
    expect(await documents.get(devices, idOf('b'))).toBeUndefined();
  });
});

describe('a runner whose store is away', () => {
  test.each(['write', 'getMany'] as const)('waits, says so, and goes on once %s works again', async (method) => {
    const { log, documents } = (await aBackend()).backend;
    const { changes, telemetry } = recordedTelemetry();
    const last = await appendAll(log, [phone('a'), phone('b')]);
    const { starts, log: watchedLog } = watched(log);
    const away = failing(documents, method, 2);
    const runner = running(devicesProjection, { log: watchedLog, documents: away, telemetry });
    const waiting = await comesTo(runner, 'waiting');
    expect(waiting).toMatchObject({ error: { name: 'StoreUnavailable' } });
    await reaches(documents, last);
    await comesTo(runner, 'running');
    expect(changes).toEqual([
      'projection.devices catchingUp',
      'projection.devices waiting: the store is away',
      'projection.devices up',
    ]);
    expect(starts).toEqual([START, START, START]);
    expect((await documents.getMany(devices, ['a', 'b'].map(idOf))).size).toBe(2);
  });

  test('can be stopped while it waits', async () => {
    const { log, documents } = (await aBackend()).backend;
    await appendAll(log, [phone('a')]);
    const runner = running(devicesProjection, {
      log,
      documents: failing(documents, 'write', Number.POSITIVE_INFINITY),
    });
    await comesTo(runner, 'waiting');
    await runner.stop();
    expect(runner.state()).toEqual({ status: 'stopped' });
  });

  test('goes on from where it was when its subscription ends, with or without an error', async () => {
    const { log, documents } = (await aBackend()).backend;
    const first = await appendAll(log, [phone('a')]);
    const starts: Position[] = [];
    async function* subscribe(...parameters: Parameters<EventLog['subscribe']>): AsyncGenerator<LogBatch> {
      starts.push(parameters[0]);
      for await (const batch of log.subscribe(...parameters)) {
        yield batch;
        if (starts.length === 1) return;
        if (starts.length === 2) throw new StoreUnavailable('the connection broke');
      }
    }
    const { errors, logger } = errorLog();
    running(devicesProjection, { log: { ...log, subscribe }, documents, logger });
    await reaches(documents, first);
    const second = await appendAll(log, [phone('b')]);
    await reaches(documents, second);
    const third = await appendAll(log, [phone('c')]);
    await reaches(documents, third);
    expect(starts).toEqual([START, first, second]);
    // A connection that breaks is no defect.
    expect(errors.map(({ fields }) => fields.err?.message)).toEqual(['the subscription has ended']);
  });
});

describe('a runner whose checkpoint was moved elsewhere goes on from where it then stands,', () => {
  test('once its own write, given up, has taken effect after all', async () => {
    const { log, documents } = (await aBackend()).backend;
    const { errors, logger } = errorLog();
    const last = await appendAll(log, [phone('a'), phone('b')]);
    let late: Parameters<Documents['write']> | undefined;
    let writes = 0;
    const write: Documents['write'] = async (...parameters) => {
      writes += 1;
      if (writes === 1) {
        late = parameters as Parameters<Documents['write']>;
        throw new StoreUnavailable('not answered in time');
      }
      if (writes === 2 && late !== undefined) await documents.write(...late);
      await documents.write(...parameters);
    };
    const { starts, log: watchedLog } = watched(log);
    const runner = running(devicesProjection, { log: watchedLog, documents: { ...documents, write }, logger });
    await eventually(() => expect(starts).toEqual([START, START, last]));
    expect(errors).toEqual([]);
    await reaches(documents, await appendAll(log, [unregistered({ clientId: 'a' })]));
    await comesTo(runner, 'running');
    const found = await documents.getMany(devices, ['a', 'b'].map(idOf));
    expect([...found.values()].map(({ document }) => document.status)).toEqual([2, 1]);
  });

  test('once another runner has moved it, and writes nothing that is not its turn', async () => {
    const { log, documents } = (await aBackend()).backend;
    const { errors, logger } = errorLog();
    const runner = running(devicesProjection, { log, documents, logger });
    const at = await appendAll(log, [phone('a')]);
    await reaches(documents, at);
    const elsewhere = await appendAll(log, [received()]);
    await documents.write(devices, { checkpoint: { from: at, to: elsewhere, log: await log.id() } });
    const last = await appendAll(log, [phone('b')]);
    expect(await comesTo(runner, 'waiting')).toMatchObject({ error: { name: 'CheckpointLost' } });
    await reaches(documents, last);
    await comesTo(runner, 'running');
    expect(errors).toEqual([]);
    expect((await documents.getMany(devices, ['a', 'b'].map(idOf))).size).toBe(2);
  });

  test('when a rebuilt copy was swapped in, it goes on from the documents of that copy', async () => {
    const { log, documents } = (await aBackend()).backend;
    const { errors, logger } = errorLog();
    const runner = running(devicesProjection, { log, documents, logger });
    const last = await appendAll(log, [phone('a'), phone('b')]);
    await reaches(documents, last);
    const shadow = await documents.startShadow(devices);
    const a = await documents.get(devices, idOf('a'));
    if (a === undefined) throw new Error('it was there');
    const mended = { ...a, document: { ...a.document, firstRegisteredAt: 'mended' } };
    const checkpoint = { from: START, to: last, log: await log.id() };
    await documents.write(devices, { puts: [mended], checkpoint }, shadow);
    await documents.promoteShadow(devices, shadow);
    await reaches(documents, await appendAll(log, [unregistered({ clientId: 'a' }), phone('c')]));
    await comesTo(runner, 'running');
    const found = await documents.getMany(devices, ['a', 'b', 'c'].map(idOf));
    // Nothing that the runner remembered of the old copy comes into the new one.
    expect([...found.values()].map(({ document }) => [document.firstRegisteredAt, document.status])).toEqual([
      ['mended', 2],
      [phone('c').data.firstRegisteredAt, 1],
    ]);
    expect(errors).toEqual([]);
  });
});

describe('documents that a runner has written', () => {
  /** The ids of each read of many. */
  function noted(documents: Documents) {
    const reads: (readonly string[])[] = [];
    const getMany: Documents['getMany'] = (collection, ids, copy) => {
      reads.push(ids);
      return documents.getMany(collection, ids, copy);
    };
    return { reads, documents: { ...documents, getMany } };
  }

  test('it does not read again', async () => {
    const { log, documents } = (await aBackend()).backend;
    const { reads, documents: notedDocuments } = noted(documents);
    running(devicesProjection, { log, documents: notedDocuments });
    await reaches(documents, await appendAll(log, [phone('a')]));
    await reaches(documents, await appendAll(log, [unregistered({ clientId: 'a' }), phone('b')]));
    expect(reads).toEqual([[idOf('a')], [idOf('b')]]);
    expect((await documents.get(devices, idOf('a')))?.document.status).toBe(2);
  });

  test('or may have written, it reads again after a failure', async () => {
    const { log, documents } = (await aBackend()).backend;
    const { reads, documents: notedDocuments } = noted(documents);
    let writes = 0;
    const write: Documents['write'] = async (...parameters) => {
      writes += 1;
      await documents.write(...parameters);
      if (writes === 2) throw new StoreUnavailable('not answered in time');
    };
    running(devicesProjection, { log, documents: { ...notedDocuments, write } });
    await reaches(documents, await appendAll(log, [phone('a')]));
    await reaches(documents, await appendAll(log, [unregistered({ clientId: 'a' })]));
    await reaches(documents, await appendAll(log, [phone('a')]));
    expect(reads).toEqual([[idOf('a')], [idOf('a')]]);
    expect((await documents.get(devices, idOf('a')))?.document.status).toBe(1);
  });
});
