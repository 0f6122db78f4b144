/** One stored event of every version of every type proves its upcaster (docs/adding-an-event.md). */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { currentVersion, decodeEvent } from '../../src/domain/codec.ts';
import { eventTypes } from '../../src/domain/events.ts';
import { storedEvents, storedMetadata } from '../fixtures/stored-events.ts';

const folder = new URL('../fixtures/events/', import.meta.url);
const versions = eventTypes.flatMap((type) =>
  Array.from({ length: currentVersion(type) }, (_, index) => [type, index + 1] as const),
);

test.each(versions)('%s as version %s wrote it is read as this release has it', (type, version) => {
  const stored = JSON.parse(readFileSync(new URL(`${type}.v${version}.json`, folder), 'utf8'));
  expect(stored.type).toBe(type);
  expect(stored.metadata.schemaVersion).toBe(version);
  const decoded = decodeEvent({ type, data: JSON.stringify(stored.data), metadata: JSON.stringify(stored.metadata) });
  expect(decoded).toStrictEqual({
    event: { type, data: storedEvents[type] },
    metadata: { ...storedMetadata, schemaVersion: version },
  });
});

test('there is one stored event for each version of each type, and no other', () => {
  expect(readdirSync(folder).sort()).toEqual(versions.map(([type, version]) => `${type}.v${version}.json`).sort());
});
