import { describe, expect, test } from 'vitest';
import type { RegistrationEvent } from '../../src/domain/events.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Collection } from '../../src/ports/documents.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { type DeviceDocument, devices } from '../../src/ports/read-models/devices.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import { projectionNames, rebuildProjection, startProjections } from '../../src/projections/index.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { rebuild, upgrade } from '../../src/projections/runner.ts';
import { gate } from '../contract/support.ts';
import { channelRegistered } from '../fixtures/samples.ts';
import { errorLog } from '../support/error-log.ts';
import { accepted, appendAll, dispatched } from '../support/events.ts';
import { aBackend, running } from './support.ts';

interface NewerDevice extends DeviceDocument {
  readonly letters: number;
}

/** A later release's document of a registration: more fields, and another index. */
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

/** A backend whose devices this release has built up to the end of its log. */
async function built() {
  const backend = await aBackend();
  const { log, documents } = backend.backend;
  const runner = running(devicesProjection, { log, documents });
  const at = await appendAll(log, [channelRegistered({ clientId: 'a' }), channelRegistered({ clientId: 'bb' })]);
  expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
  await runner.stop();
  return { backend, log, documents, at };
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

describe('upgrade', () => {
  test('rebuilds a collection that an older release has built, and new readers find by the new index', async () => {
    const { log, documents, at } = await built();
    await upgrade(newerProjection, { log, documents, logger });
    expect(await documents.servedVersion(newer)).toBe(newer.version);
    expect((await documents.get(newer, idOf('bb')))?.document.letters).toBe(2);
    const { items } = await documents.find(newer, { index: 'letters', key: '1', limit: 10 });
    expect(items.map(({ id }) => id)).toEqual([idOf('a')]);
    expect(await documents.checkpoint(devices.name)).toBe(at);
  });

  test('readers see the old copy until the swap', async () => {
    const { log, documents } = await built();
    const old = await documents.get(devices, idOf('bb'));
    const held = heldUp(log);
    const upgrading = upgrade(newerProjection, { log: held.log, documents, logger });
    await held.reading.opened;
    expect(await documents.get(devices, idOf('bb'))).toEqual(old);
    expect(await documents.findByKeys(devices, 'client', ['a', 'bb'], 5)).toHaveProperty('size', 2);
    expect(await documents.servedVersion(newer)).toBe(devices.version);
    held.goOn.open();
    await upgrading;
    expect((await documents.get(newer, idOf('bb')))?.document.letters).toBe(2);
  });

  test('leaves a collection alone that this release has built', async () => {
    const { log, documents } = await built();
    const neverRead: EventLog['readAll'] = () => Promise.reject(new Error('read for nothing'));
    await upgrade(devicesProjection, { log: { ...log, readAll: neverRead }, documents, logger });
    expect((await documents.getMany(devices, [idOf('a'), idOf('bb')])).size).toBe(2);
  });

  test('stops at a collection that a newer release has built, says how to go on, and leaves it as it is', async () => {
    const { log, documents } = await built();
    await upgrade(newerProjection, { log, documents, logger });
    const stopped = upgrade(devicesProjection, { log, documents, logger });
    await expect(stopped).rejects.toMatchObject({ name: 'NewerReadModel' });
    await expect(stopped).rejects.toThrow(
      'the read model devices was built by a newer release (version 2, this release knows 1): start that release, or build it for this one with "ums rebuild devices"',
    );
    await expect(startProjections({ log, documents, logger })).rejects.toThrow('newer release');
    expect(await documents.servedVersion(newer)).toBe(newer.version);
    await rebuild(devicesProjection, { log, documents });
    await upgrade(devicesProjection, { log, documents, logger });
    expect((await documents.get(devices, idOf('bb')))?.document).not.toHaveProperty('letters');
  });

  test('that a crash cut off starts anew and builds the same documents', async () => {
    const { backend, log, documents, at } = await built();
    const broken: EventLog['head'] = () => Promise.reject(new Error('cut off'));
    await expect(upgrade(newerProjection, { log: { ...log, head: broken }, documents, logger })).rejects.toThrow(
      'cut off',
    );
    const reopened = await backend.reopen();
    expect(await reopened.documents.get(devices, idOf('a'))).toBeDefined();
    await upgrade(newerProjection, { ...reopened, logger });
    expect((await reopened.documents.getMany(newer, [idOf('a'), idOf('bb')])).size).toBe(2);
    expect(await reopened.documents.checkpoint(devices.name)).toBe(at);
  });

  test('its runner goes on where the rebuild ended', async () => {
    const { log, documents } = await built();
    await upgrade(newerProjection, { log, documents, logger });
    running(newerProjection, { log, documents });
    const at = await appendAll(log, [channelRegistered({ clientId: 'ccc' })]);
    expect(await documents.reached(devices.name, at, 10_000)).toBe(true);
    expect((await documents.get(newer, idOf('ccc')))?.document.letters).toBe(3);
  });
});

describe('rebuild', () => {
  test('restores lost documents, and reports its progress', async () => {
    const { log, documents, at } = await built();
    await documents.write(devices, { deletes: [{ id: idOf('a'), position: at }] });
    const told: [Position, Position][] = [];
    await rebuild(devicesProjection, { log, documents }, (...progress) => void told.push(progress));
    expect((await documents.getMany(devices, [idOf('a'), idOf('bb')])).size).toBe(2);
    expect(told).toEqual([[at, at]]);
  });

  test('of an empty log serves an empty copy', async () => {
    const { log, documents } = (await aBackend()).backend;
    await rebuild(devicesProjection, { log, documents });
    expect(await documents.checkpoint(devices.name)).toBe(0n);
    expect(await documents.get(devices, idOf('a'))).toBeUndefined();
  });
});

describe('all projections', () => {
  test('start, follow and stop together', async () => {
    const { log, documents } = (await aBackend()).backend;
    const runners = await startProjections({ log, documents, logger });
    expect(runners.map(({ name }) => name)).toEqual(projectionNames);
    await appendAll(log, [channelRegistered(), accepted(), dispatched()]);
    const head = await log.head();
    for (const name of ['messages', 'deliveries']) expect(await documents.reached(name, head, 10_000)).toBe(true);
    await Promise.all(runners.map((runner) => runner.stop()));
    expect(runners.map((runner) => runner.state().status)).toEqual(projectionNames.map(() => 'stopped'));
  });

  test('are rebuilt by name', async () => {
    const { log, documents, at } = await built();
    await documents.write(devices, { deletes: [{ id: idOf('a'), position: at }] });
    const heads: Position[] = [];
    expect(await rebuildProjection('devices', { log, documents }, (_, head) => void heads.push(head))).toBe(true);
    expect(await documents.get(devices, idOf('a'))).toBeDefined();
    expect(heads).toEqual([at]);
    expect(await rebuildProjection('no-such-projection', { log, documents }, () => undefined)).toBe(false);
  });
});
