import { describe, expect, onTestFinished, test } from 'vitest';
import { attachEmbedded } from '../../src/backends/embedded/index.ts';
import type { RegistrationEvent } from '../../src/domain/events.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Collection, Documents } from '../../src/ports/documents.ts';
import { CopyOfAnotherVersion, NewerReadModel } from '../../src/ports/errors.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { type DeviceDocument, devices } from '../../src/ports/read-models/devices.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import {
  projectionNames,
  rebuildProjection,
  refuseNewerReadModels,
  startProjections,
} from '../../src/projections/index.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { eventually, failureOf, gate, range } from '../contract/support.ts';
import { channelRegistered } from '../fixtures/samples.ts';
import { codec, type TestBackend, testContentKey } from '../support/embedded.ts';
import { errorLog } from '../support/error-log.ts';
import { accepted, appendAll, dispatched } from '../support/events.ts';
import { freeLeases } from '../support/leases.ts';
import { aBackend, comesTo, running } from './support.ts';

interface NewerDevice extends DeviceDocument {
  readonly letters: number;
}

/** What a later release might make of a registration: more in the document, and another way to find it. */
const newer: Collection<NewerDevice> = {
  name: devices.name,
  version: devices.version + 1,
  indexes: { letters: { key: ({ letters }) => String(letters) } },
};
const newerProjection: Projection<NewerDevice, RegistrationEvent> = {
  ...devicesProjection,
  collection: newer,
  evolve(document, event, id) {
    const next = devicesProjection.evolve(document, event, id);
    return next === undefined || next === null ? next : { ...next, letters: next.clientId.length };
  },
};

const { logger } = errorLog();
const idOf = (clientId: string) => `${clientId}/com.example.phone`;
const phones = (count: number) => range(count).map((n) => channelRegistered({ clientId: `t${n}` }));

/** A backend whose devices this release has built up to the end of its log. */
async function built() {
  const backend = await aBackend();
  const { log, documents, leases } = backend.backend;
  const runner = running(devicesProjection, { log, documents });
  const at = await appendAll(log, [channelRegistered({ clientId: 'a' }), channelRegistered({ clientId: 'bb' })]);
  expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
  await runner.stop();
  return { backend, log, documents, leases, at };
}

/** The ports of another process, as far as a connection of its own is one. */
function elsewhere({ backend, folder }: TestBackend) {
  const options = { file: `${folder}/ums.sqlite`, contentKey: testContentKey, codec };
  const ports = attachEmbedded(backend.connect('background'), options);
  onTestFinished(ports.close);
  return ports;
}

/** The log; reading all of it waits at the gate first. */
function heldUp(log: EventLog) {
  const reading = gate();
  const goOn = gate();
  const readAll: EventLog['readAll'] = async (...parameters) => {
    reading.open();
    await goOn.opened;
    return log.readAll(...parameters);
  };
  return { log: { ...log, readAll }, reading, goOn };
}

const serves = (documents: Documents, version: number): Promise<void> =>
  eventually(async () => expect((await documents.serving(newer)).version).toBe(version));

describe('a runner of a newer release', () => {
  test('rebuilds what an older one has built; new readers find by the new index, and it goes on from there', async () => {
    const { log, documents, at } = await built();
    running(newerProjection, { log, documents });
    await serves(documents, newer.version);
    expect((await documents.get(newer, idOf('bb')))?.document.letters).toBe(2);
    const { items } = await documents.find(newer, { index: 'letters', key: '1', limit: 10 });
    expect(items.map(({ id }) => id)).toEqual([idOf('a')]);
    expect(await documents.checkpoint(devices.name)).toBe(at);
    const next = await appendAll(log, [channelRegistered({ clientId: 'ccc' })]);
    expect(await documents.reached(devices.name, next, 10_000)).toBe(true);
    expect((await documents.get(newer, idOf('ccc')))?.document.letters).toBe(3);
  });

  test('readers see the old copy until the swap', async () => {
    const { log, documents } = await built();
    const old = await documents.get(devices, idOf('bb'));
    const held = heldUp(log);
    running(newerProjection, { log: held.log, documents });
    await held.reading.opened;
    expect(await documents.get(devices, idOf('bb'))).toEqual(old);
    const limits = { each: 5, total: 10 };
    expect(await documents.findByKeys(devices, 'client', ['a', 'bb'], limits)).toHaveProperty('size', 2);
    expect(await failureOf(documents.get(newer, idOf('bb')))).toBeInstanceOf(CopyOfAnotherVersion);
    held.goOn.open();
    await serves(documents, newer.version);
    expect((await documents.get(newer, idOf('bb')))?.document.letters).toBe(2);
  });

  test('leaves alone what its own release has built', async () => {
    const { log, documents, at } = await built();
    const neverRead: EventLog['readAll'] = () => Promise.reject(new Error('read for nothing'));
    const runner = running(devicesProjection, { log: { ...log, readAll: neverRead }, documents });
    const next = await appendAll(log, [channelRegistered({ clientId: 'c' })]);
    expect(await documents.reached(devices.name, next, 10_000)).toBe(true);
    expect(next).toBeGreaterThan(at);
    expect(runner.state()).toEqual({ status: 'running' });
    expect((await documents.getMany(devices, [idOf('a'), idOf('bb')])).size).toBe(2);
  });

  test('whose rebuild a crash cut off starts anew and comes to the same', async () => {
    const { backend, log, documents, leases, at } = await built();
    const broken: EventLog['readAll'] = () => Promise.reject(new Error('cut off'));
    const cutOff = rebuild(newerProjection, { log: { ...log, readAll: broken }, documents, leases });
    await expect(cutOff).rejects.toThrow('cut off');
    const reopened = await backend.reopen();
    expect(await reopened.documents.get(devices, idOf('a'))).toBeDefined();
    const runner = running(newerProjection, reopened);
    await serves(reopened.documents, newer.version);
    expect((await reopened.documents.getMany(newer, [idOf('a'), idOf('bb')])).size).toBe(2);
    expect(await reopened.documents.checkpoint(devices.name)).toBe(at);
    await runner.stop();
  });

  test('starts beside another: one rebuilds, both serve the same, neither ends', async () => {
    const { backend, log, documents, leases } = await built();
    const other = elsewhere(backend);
    await appendAll(log, phones(3000));
    const { errors, logger: noting } = errorLog();
    const runners = [
      running(newerProjection, { log, documents, leases, logger: noting }),
      running(newerProjection, { ...other, logger: noting }),
    ];
    await serves(documents, newer.version);
    const at = await log.head();
    expect(await other.documents.reached(devices.name, at, 20_000)).toBe(true);
    expect((await documents.serving(newer)).generation).toBe(2);
    expect((await documents.get(newer, idOf('t2999')))?.document.letters).toBe(5);
    expect(runners.map((runner) => runner.state().status).sort()).toEqual(['running', 'standby']);
    expect(errors).toEqual([]);
  });
});

describe('a runner of an older release', () => {
  test('stops writing once the newer one has upgraded, waits, and is no error', async () => {
    const { backend, log, documents } = await built();
    const other = elsewhere(backend);
    const { errors, logger: noting } = errorLog();
    const old = running(devicesProjection, { log, documents, logger: noting });
    const registered = await appendAll(log, [channelRegistered({ clientId: 'c' })]);
    expect(await documents.reached(devices.name, registered, 10_000)).toBe(true);
    await rebuild(newerProjection, other);
    const at = await appendAll(log, [channelRegistered({ clientId: 'ccc' })]);
    await comesTo(old, 'waiting');
    expect(await documents.reached(devices.name, at, 300)).toBe(false);
    // The newer release's runner takes what the older one has left.
    running(newerProjection, { ...other, leases: freeLeases() });
    expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
    expect((await documents.get(newer, idOf('ccc')))?.document.letters).toBe(3);
    expect(await comesTo(old, 'waiting')).toMatchObject({ error: { name: 'CopyOfAnotherVersion' } });
    expect(errors).toEqual([]);
  });

  test('waits at its start, and writes again once its own release has rebuilt', async () => {
    const { log, documents, leases } = await built();
    await rebuild(newerProjection, { log, documents, leases });
    const old = running(devicesProjection, { log, documents });
    expect(await comesTo(old, 'waiting')).toMatchObject({ error: { name: 'CopyOfAnotherVersion' } });
    await rebuild(devicesProjection, { log, documents, leases });
    const at = await appendAll(log, [channelRegistered({ clientId: 'c' })]);
    expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
    expect((await documents.get(devices, idOf('bb')))?.document).not.toHaveProperty('letters');
  });

  test('is refused where it is the only one on its store, with what to do', async () => {
    const { log, documents, leases } = await built();
    await refuseNewerReadModels(documents);
    await rebuild(newerProjection, { log, documents, leases });
    const refused = failureOf(refuseNewerReadModels(documents));
    expect(await refused).toBeInstanceOf(NewerReadModel);
    expect((await refused).message).toBe(
      'the read model devices was built by a newer release (version 2, this release knows 1): start that release, or build it for this one with "ums rebuild devices"',
    );
    expect((await documents.serving(newer)).version).toBe(newer.version);
  });
});

describe('runners of one release', () => {
  test('of two, one works; the other takes over once the first is gone', async () => {
    const { backend, log, documents, leases } = await built();
    const other = elsewhere(backend);
    const first = running(devicesProjection, { log, documents, leases });
    await comesTo(first, 'running');
    const { errors, logger: noting } = errorLog();
    const second = running(devicesProjection, { ...other, logger: noting });
    const at = await appendAll(log, [channelRegistered({ clientId: 'c' })]);
    expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
    await comesTo(second, 'standby');
    await first.stop();
    const next = await appendAll(log, [channelRegistered({ clientId: 'd' })]);
    expect(await documents.reached(devices.name, next, 3_000)).toBe(true);
    await comesTo(second, 'running');
    expect(errors).toEqual([]);
  });

  test('fail loudly at a checkpoint of another log, and write nothing; a rebuild mends it', async () => {
    const { log, documents, leases, at } = await built();
    const restored: EventLog = { ...log, id: async () => 'another' };
    const { errors, logger: noting } = errorLog();
    const runner = running(devicesProjection, { log: restored, documents, logger: noting });
    expect(await comesTo(runner, 'failed')).toMatchObject({ error: { name: 'CheckpointOfAnotherLog' } });
    expect(errors).toHaveLength(1);
    expect(await documents.checkpoint(devices.name)).toBe(at);
    await rebuild(devicesProjection, { log: restored, documents, leases });
    const mended = running(devicesProjection, { log: restored, documents });
    const next = await appendAll(log, [channelRegistered({ clientId: 'c' })]);
    expect(await documents.reached(devices.name, next, 10_000)).toBe(true);
    expect(mended.state()).toEqual({ status: 'running' });
  });
});

describe('rebuild', () => {
  test('makes good what was lost, and tells how far it is', async () => {
    const { log, documents, leases, at } = await built();
    await documents.write(devices, { deletes: [{ id: idOf('a'), position: at }] });
    const told: [Position, Position][] = [];
    const onProgress = (...progress: [Position, Position]): void => void told.push(progress);
    await rebuild(devicesProjection, { log, documents, leases }, { onProgress });
    expect((await documents.getMany(devices, [idOf('a'), idOf('bb')])).size).toBe(2);
    expect(told).toEqual([[at, at]]);
  });

  test('of an empty log serves an empty copy', async () => {
    const { log, documents, leases } = (await aBackend()).backend;
    await rebuild(devicesProjection, { log, documents, leases });
    expect(await documents.checkpoint(devices.name)).toBe(0n);
    expect(await documents.get(devices, idOf('a'))).toBeUndefined();
  });

  test('beside a runner that goes on: what registers between its last page and the swap is in the new copy', async () => {
    const { backend, log, documents, leases } = await built();
    const other = elsewhere(backend);
    running(devicesProjection, { log, documents, leases });
    let promotions = 0;
    const promoteShadow: Documents['promoteShadow'] = async (collection, shadow) => {
      promotions += 1;
      if (promotions === 1) {
        const late = await appendAll(log, [channelRegistered({ clientId: 'late' })]);
        expect(await documents.reached(devices.name, late, 10_000)).toBe(true);
      }
      await other.documents.promoteShadow(collection, shadow);
      expect(await documents.get(devices, idOf('late'))).toBeDefined();
    };
    await rebuild(devicesProjection, { ...other, documents: { ...other.documents, promoteShadow } });
    expect(promotions).toBeGreaterThan(1);
    expect((await documents.serving(devices)).generation).toBe(2);
    expect(await documents.get(devices, idOf('late'))).toBeDefined();
    const next = await appendAll(log, [channelRegistered({ clientId: 'next' })]);
    expect(await documents.reached(devices.name, next, 10_000)).toBe(true);
  });

  test('comes to its end beside a runner that passes over events of others', async () => {
    const { log, documents, leases, at } = await built();
    await appendAll(log, [accepted(), dispatched()]);
    const head = await log.head();
    await documents.write(devices, { checkpoint: { from: at, to: head, log: await log.id() } });
    await rebuild(devicesProjection, { log, documents, leases });
    expect(await documents.checkpoint(devices.name)).toBe(head);
  });

  test('is given up when it is aborted, and what serves stays', async () => {
    const { log, documents, leases } = await built();
    const held = heldUp(log);
    const abort = new AbortController();
    const rebuilding = rebuild(devicesProjection, { log: held.log, documents, leases }, { signal: abort.signal });
    await held.reading.opened;
    abort.abort();
    held.goOn.open();
    expect((await failureOf(rebuilding)).message).toContain('given up');
    expect((await documents.serving(devices)).generation).toBe(1);
  });
});

describe('all projections', () => {
  test('start, follow and stop together', async () => {
    const { log, documents, leases } = (await aBackend()).backend;
    const runners = await startProjections({ log, documents, leases, logger });
    expect(runners.map(({ name }) => name)).toEqual(projectionNames);
    await appendAll(log, [channelRegistered(), accepted(), dispatched()]);
    const head = await log.head();
    for (const name of ['messages', 'deliveries']) expect(await documents.reached(name, head, 10_000)).toBe(true);
    await Promise.all(runners.map((runner) => runner.stop()));
    expect(runners.map((runner) => runner.state().status)).toEqual(projectionNames.map(() => 'stopped'));
  });

  test('are rebuilt by name', async () => {
    const { log, documents, leases, at } = await built();
    await documents.write(devices, { deletes: [{ id: idOf('a'), position: at }] });
    const heads: Position[] = [];
    const ports = { log, documents, leases };
    expect(await rebuildProjection('devices', ports, (_, head) => void heads.push(head))).toBe(true);
    expect(await documents.get(devices, idOf('a'))).toBeDefined();
    expect(heads).toEqual([at]);
    expect(await rebuildProjection('no-such-projection', ports, () => undefined)).toBe(false);
  });
});
