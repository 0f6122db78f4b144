/** The flat checks and the schemas that they are written from agree on every value. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { eventChecks, writtenEventChecks } from '../../scripts/event-checks.ts';
import { checkData, checkMetadata } from '../../src/domain/event-checks.ts';
import { eventTypes, metadataSchema, schemaOf } from '../../src/domain/events.ts';
import { anEventOf, anyContext } from './arbitraries.ts';

test('the checks are those of the schemas as they are: else run `npm run event-checks`', () => {
  expect(writtenEventChecks()).toBe(eventChecks());
});

/** Something else than what stands there: of another type, at an edge, or missing. */
const anythingElse = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    '',
    0,
    -0,
    -1,
    1.5,
    Number.NaN,
    2 ** 53,
    true,
    [],
    {},
    [''],
    [[]],
    '0',
    'jpush',
    '09',
  ),
  fc.constantFrom('2026-02-29T00:00:00.000Z', '2024-02-29T23:59:59.999Z', '2026-03-01T00:00:00.000+00:00', ' '),
  fc.string(),
  fc.string({ minLength: 64, maxLength: 64 }),
  fc.integer(),
  fc.jsonValue(),
);

/** Every place in a value: each field and each element, however deep. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesOf(item, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  const fields = copy as Record<string, unknown>;
  fields[key] = replaced(fields[key], rest, by);
  return copy;
}

function expectSame(schema: z.ZodType, check: (value: unknown) => unknown, value: unknown): void {
  const parsed = schema.safeParse(value);
  const checked = check(value);
  if (parsed.success !== (checked !== undefined)) throw new Error(`only one of the two takes ${JSON.stringify(value)}`);
  // The text, too: what is stored is the same, field by field.
  if (parsed.success) expect(JSON.stringify(checked)).toBe(JSON.stringify(parsed.data));
}

const schemas = [
  ['metadata', metadataSchema, checkMetadata, anyContext.map((context) => ({ ...context, schemaVersion: 1 }))] as const,
  ...eventTypes.map(
    (type) => [type, schemaOf(type), checkData[type], anEventOf(type).map(({ data }) => data)] as const,
  ),
];

describe.each(schemas)('%s', (_, schema, check, arbitrary: fc.Arbitrary<unknown>) => {
  test('that is good is taken by both, the same text', () => {
    fc.assert(fc.property(arbitrary, (value) => expectSame(schema, check, value)));
    fc.assert(fc.property(arbitrary, (value) => void expect(check(value)).toEqual(value)));
  });

  test('with anything else in any place is taken by both or by neither', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), anythingElse, (value, pick, other) => {
        const places = placesOf(value);
        expectSame(schema, check, replaced(value, places[pick % places.length] ?? [], other));
      }),
      { numRuns: 300 },
    );
  });

  test('with fields that it does not know loses them, and what is shared with the prototype is none of them', () => {
    const odd = fc.constantFrom('later', '__proto__', 'constructor', 'toString');
    fc.assert(
      fc.property(arbitrary, odd, fc.jsonValue(), (value, key, added) => {
        const text = JSON.stringify(value);
        const grown = JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(added)},${text.slice(1)}`);
        expectSame(schema, check, grown);
        expect(check(grown)).toEqual(check(JSON.parse(text)));
      }),
    );
  });

  test('is no other value', () => {
    fc.assert(fc.property(anythingElse, (value) => expectSame(schema, check, value)));
  });
});
