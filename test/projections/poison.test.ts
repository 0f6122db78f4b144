import { describe, expect, test } from 'vitest';
import { deliveries } from '../../src/ports/read-models/deliveries.ts';
import { devices } from '../../src/ports/read-models/devices.ts';
import { deliveriesProjection } from '../../src/projections/deliveries.ts';
import { devicesProjection } from '../../src/projections/devices.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { rebuild } from '../../src/projections/rebuild.ts';
import { channelRegistered } from '../fixtures/samples.ts';
import { errorLog } from '../support/error-log.ts';
import { accepted, appendAll, dispatched, targetsNamed } from '../support/events.ts';
import { recordedTelemetry } from '../support/telemetry.ts';
import { aBackend, comesTo, running, tamper } from './support.ts';

const { name } = devicesProjection;
const idOf = (clientId: string) => `${clientId}/com.example.phone`;
const SECRET = 'a-secret-that-no-log-may-hold';

/** Two good events, one that is spoilt afterwards, a good one. */
async function backendWith(spoil: Readonly<Record<string, string>>) {
  const test = await aBackend();
  const { log } = test.backend;
  const good = await appendAll(log, [channelRegistered({ clientId: 'a' }), channelRegistered({ clientId: 'b' })]);
  const bad = await appendAll(log, [channelRegistered({ clientId: 'bad' })]);
  await appendAll(log, [channelRegistered({ clientId: 'c' })]);
  if (Object.keys(spoil).length > 0) tamper(test, bad, spoil);
  return { test, ...test.backend, good, bad };
}

const metadataOf = (overrides: object) =>
  JSON.stringify({
    correlationId: 'x',
    causationId: 'x',
    actor: { kind: 'system' },
    at: '2026-03-01T02:03:04.005Z',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    schemaVersion: 1,
    ...overrides,
  });

const undecodable = [
  ['broken JSON', { data: `{"clientId":"${SECRET}"` }],
  ['data that its schema does not fit', { data: JSON.stringify({ clientId: SECRET }) }],
  ['broken metadata', { metadata: SECRET }],
  ['metadata that their schema does not fit', { metadata: metadataOf({ actor: { kind: SECRET } }) }],
  ['a version from the future', { metadata: metadataOf({ schemaVersion: 2 }) }],
] as const;

describe.each(undecodable)('an event with %s', (_, spoil) => {
  test('stops the projection loudly, with the events before it applied and it not skipped', async () => {
    const { log, documents, good, bad } = await backendWith(spoil);
    const { changes, telemetry } = recordedTelemetry();
    const runner = running(devicesProjection, { log, documents, telemetry });
    expect(await comesTo(runner, 'failed')).toMatchObject({ error: { name: 'UndecodableEvent' } });
    expect(changes.at(-1)).toMatch(/^projection\.devices failed: ChannelRegistered /);
    expect(changes.at(-1)).toContain(`position ${bad}`);
    expect(changes.at(-1)).not.toContain(SECRET);
    expect(await documents.checkpoint(name)).toBe(good);
    expect([...(await documents.getMany(devices, ['a', 'b', 'bad', 'c'].map(idOf))).keys()]).toEqual(
      ['a', 'b'].map(idOf),
    );
  });
});

test('a poison event stops the projection again until it is mended, and then nothing is missing', async () => {
  const { test, log, documents, bad } = await backendWith({ data: '{' });
  for (const _ of [1, 2]) {
    const { changes, telemetry } = recordedTelemetry();
    await comesTo(running(devicesProjection, { log, documents, telemetry }), 'failed');
    expect(changes.at(-1)).toContain('projection.devices failed');
  }
  tamper(test, bad, { data: JSON.stringify(channelRegistered({ clientId: 'mended' }).data) });
  running(devicesProjection, { log, documents });
  expect(await documents.reached(name, await log.head(), 10_000)).toBe(true);
  expect((await documents.getMany(devices, ['a', 'b', 'mended', 'c'].map(idOf))).size).toBe(4);
});

test('an event of a type that is not the projection’s is not looked at, even if it is broken', async () => {
  const { log, documents } = await backendWith({ type: 'ChannelPainted', data: '{' });
  running(devicesProjection, { log, documents });
  expect(await documents.reached(name, await log.head(), 10_000)).toBe(true);
});

describe('an event that the projection throws at', () => {
  const thrower: typeof devicesProjection = {
    ...devicesProjection,
    evolve(document, event, id) {
      if (event.event.data.clientId === 'bad') throw new Error('can not happen');
      return devicesProjection.evolve(document, event, id);
    },
  };
  const lost: typeof devicesProjection = {
    ...devicesProjection,
    idsOf(event) {
      if (event.data.clientId === 'bad') throw new Error('can not happen');
      return devicesProjection.idsOf(event);
    },
  };

  test.each([
    ['in evolve', thrower],
    ['in idsOf', lost],
  ])('%s stops it loudly, with the events before it applied', async (_, projection) => {
    const { log, documents, good, bad } = await backendWith({});
    const { errors, logger } = errorLog();
    const runner = running(projection, { log, documents, logger });
    const state = await comesTo(runner, 'failed');
    expect(state).toMatchObject({ error: { name: 'PoisonEvent' } });
    expect(`${errors[0]?.fields.err?.message}`).toContain(`ChannelRegistered at ${bad}`);
    expect(await documents.checkpoint(name)).toBe(good);
    expect([...(await documents.getMany(devices, ['a', 'b', 'bad', 'c'].map(idOf))).keys()]).toEqual(
      ['a', 'b'].map(idOf),
    );
  });

  test('that is the first it reads leaves everything as it was', async () => {
    const { log, documents } = (await aBackend()).backend;
    await appendAll(log, [channelRegistered({ clientId: 'bad' })]);
    await comesTo(running(thrower, { log, documents }), 'failed');
    expect(await documents.checkpoint(name)).toBe(0n);
  });
});

test('an event that one of its documents can not take changes none of them', async () => {
  const projection: typeof deliveriesProjection = {
    ...deliveriesProjection,
    evolve(document, event, id) {
      if (event.event.type === 'MessageDispatched' && id.includes('client-2')) throw new Error('can not happen');
      return deliveriesProjection.evolve(document, event, id);
    },
  };
  const { log, documents } = (await aBackend()).backend;
  const targets = ['client-1', 'client-2', 'client-3'];
  const good = await appendAll(log, [accepted({ targets: targetsNamed(3) })]);
  await appendAll(log, [dispatched({ targets })]);
  await comesTo(running(projection, { log, documents }), 'failed');
  expect(await documents.checkpoint('deliveries')).toBe(good);
  const { items } = await documents.find(deliveries, { index: 'message', key: accepted().data.msgId, limit: 10 });
  expect(items.map(({ document, position }) => [document.status, position])).toEqual(targets.map(() => [0, good]));
});

test('a rebuild that meets a poison event leaves the serving copy untouched', async () => {
  const { test, log, documents, bad } = await backendWith({});
  running(devicesProjection, { log, documents });
  const head = await log.head();
  expect(await documents.reached(name, head, 10_000)).toBe(true);
  tamper(test, bad, { data: '{' });
  const reopened = await test.reopen();
  await expect(rebuild(devicesProjection as Projection<unknown>, reopened)).rejects.toThrow(
    'ChannelRegistered is not JSON',
  );
  expect((await reopened.documents.getMany(devices, ['a', 'b', 'bad', 'c'].map(idOf))).size).toBe(4);
  expect(await reopened.documents.checkpoint(name)).toBe(head);
});
