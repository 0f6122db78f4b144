import fc from 'fast-check';
import { v5 } from 'uuid';
import { expect, test } from 'vitest';
import { eventId } from '../../src/domain/event-id.ts';
import { eventTypes } from '../../src/domain/events.ts';
import { messageStream } from '../../src/domain/streams.ts';

const parts = fc.tuple(
  fc.string({ unit: 'binary' }).map(messageStream),
  fc.oneof(fc.uuid(), fc.string({ unit: fc.constantFrom('a', '\n', '0', '1') })),
  fc.constantFrom(...eventTypes),
  fc.nat({ max: 300 }),
);

test('ids of events that were appended long ago are still the same', () => {
  expect(eventId(messageStream('m1'), 'cause-1', 'MessageAccepted', 0)).toBe('abb71fe0-60d6-5a1c-aeae-789d73e8cef7');
});

test('an id is a UUID of version 5 that depends on nothing but its parts', () => {
  fc.assert(
    fc.property(parts, (it) => {
      expect(eventId(...it)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(eventId(...it)).toBe(eventId(...it));
    }),
  );
});

test('two ids are the same only if all their parts are', () => {
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      expect(eventId(...one) === eventId(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
  const id = eventId(messageStream('m1'), 'cause-1', 'MessageAccepted', 0);
  expect(eventId(messageStream('m2'), 'cause-1', 'MessageAccepted', 0)).not.toBe(id);
  expect(eventId(messageStream('m1'), 'cause-2', 'MessageAccepted', 0)).not.toBe(id);
  expect(eventId(messageStream('m1'), 'cause-1', 'MessageErased', 0)).not.toBe(id);
  expect(eventId(messageStream('m1'), 'cause-1', 'MessageAccepted', 1)).not.toBe(id);
});

test('it is the id that a library makes of the same name', () => {
  fc.assert(
    fc.property(parts, (it) => {
      expect(eventId(...it)).toBe(v5(it.join('\n'), '6d1c3c1e-6a8f-5b52-9f0b-2f2b8a3f6c11'));
    }),
  );
});
