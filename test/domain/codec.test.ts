/** docs/events.md: checked on the way in and out, old versions upcast, unknown fields tolerated. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  currentVersion,
  decodeEvent,
  type EncodedEvent,
  encodeEvent,
  UndecodableEvent,
  upcast,
} from '../../src/domain/codec.ts';
import { eventTypes, isEventType, type UmsEvent } from '../../src/domain/events.ts';
import { aContext, channelRegistered } from '../fixtures/samples.ts';
import { anEventOf, anyContext, anyEvent } from './arbitraries.ts';

const encoded = (): EncodedEvent => encodeEvent(channelRegistered({ userName: 'SECRET-NAME' }), aContext());

/** The same stored event with something else in its data. */
function withData(stored: EncodedEvent, change: (data: Record<string, unknown>) => unknown): EncodedEvent {
  return { ...stored, data: JSON.stringify(change(JSON.parse(stored.data))) };
}

function withMetadata(stored: EncodedEvent, change: (metadata: Record<string, unknown>) => unknown): EncodedEvent {
  return { ...stored, metadata: JSON.stringify(change(JSON.parse(stored.metadata))) };
}

function failureOf(stored: EncodedEvent): UndecodableEvent {
  try {
    decodeEvent(stored);
  } catch (error) {
    expect(error).toBeInstanceOf(UndecodableEvent);
    return error as UndecodableEvent;
  }
  throw new Error('was decoded');
}

describe('round trip', () => {
  test.each(eventTypes)('%s comes back as it was, with its metadata and version', (type) => {
    fc.assert(
      fc.property(anEventOf(type), anyContext, (event, context) => {
        expect(decodeEvent(encodeEvent(event, context))).toStrictEqual({
          event,
          metadata: { ...context, schemaVersion: currentVersion(type) },
        });
      }),
    );
  });

  test('a property without a value is as good as absent', () => {
    const stored = encodeEvent(channelRegistered({ userId: undefined }), aContext({ requestId: undefined }));
    expect(stored.data).not.toContain('userId');
    expect(stored.metadata).not.toContain('requestId');
  });

  test('a stored event is JSON of the type’s name, data and metadata', () => {
    const { type, data, metadata } = encodeEvent(channelRegistered(), aContext());
    expect(type).toBe('ChannelRegistered');
    expect(JSON.parse(data)).toEqual(channelRegistered().data);
    expect(JSON.parse(metadata)).toEqual({ ...aContext(), schemaVersion: 1 });
  });
});

describe('fields that this release does not know', () => {
  test('are dropped on the way out, wherever they are', () => {
    fc.assert(
      fc.property(anyEvent, anyContext, fc.jsonValue(), (event, context, value) => {
        const stored = encodeEvent(event, context);
        const grown = withMetadata(
          withData(stored, (data) => grow(data, value)),
          (metadata) => grow(metadata, value),
        );
        expect(decodeEvent(grown)).toStrictEqual(decodeEvent(stored));
      }),
    );
  });

  test('are not written', () => {
    const event = channelRegistered();
    const stored = encodeEvent({ ...event, data: { ...event.data, later: 'x' } as typeof event.data }, aContext());
    expect(stored.data).not.toContain('later');
  });

  /** Adds a field to an object and to every object in it. */
  function grow(value: unknown, added: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => grow(item, added));
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).map(([key, item]) => [key, grow(item, added)]);
    return { ...Object.fromEntries(entries), addedByALaterRelease: added };
  }
});

describe('an event that breaks its schema', () => {
  test('is not encoded', () => {
    const broken = { type: 'ChannelRegistered', data: { clientId: 'x' } } as UmsEvent;
    expect(() => encodeEvent(broken, aContext())).toThrow();
    expect(() => encodeEvent(channelRegistered({ pushId: '' }), aContext())).toThrow();
    expect(() => encodeEvent(channelRegistered({ firstRegisteredAt: '2026-03-01' }), aContext())).toThrow();
    expect(() => encodeEvent(channelRegistered(), aContext({ traceparent: 'x' }))).toThrow();
    expect(() => encodeEvent(channelRegistered(), aContext({ at: '2026-03-01T00:00:00Z' }))).toThrow();
  });

  test('is not decoded: any field of the wrong type, and the error does not tell the data', () => {
    const secret = 'SECRET-5d1f';
    fc.assert(
      fc.property(anyEvent, anyContext, fc.nat(), (event, context, pick) => {
        const stored = encodeEvent(event, context);
        const keys = Object.keys(JSON.parse(stored.data));
        const key = keys[pick % keys.length] ?? '';
        const { message } = failureOf(withData(stored, (data) => ({ ...data, [key]: [{ [secret]: secret }] })));
        expect(message).toContain(event.type);
        expect(message).toContain(key);
        expect(message).not.toContain(secret);
      }),
    );
  });

  test.each(['clientId', 'appPackage', 'appId', 'pushId', 'deviceType', 'collab3th', 'firstRegisteredAt'])(
    'is not decoded without %s',
    (field) => {
      const { message } = failureOf(withData(encoded(), ({ [field]: _, ...rest }) => rest));
      expect(message).toBe(`ChannelRegistered breaks its schema at ${field}`);
    },
  );

  test.each(['correlationId', 'causationId', 'actor', 'at', 'traceparent', 'schemaVersion'])(
    'is not decoded without %s in its metadata',
    (field) => {
      const { message } = failureOf(withMetadata(encoded(), ({ [field]: _, ...rest }) => rest));
      expect(message).toBe(`ChannelRegistered has unusable metadata at ${field}`);
    },
  );

  test.each(['null', '[]', '"SECRET-NAME"', '1', '{"SECRET-NAME', ''])('is not decoded when the data is %s', (data) => {
    expect(failureOf({ ...encoded(), data }).message).not.toContain('SECRET');
    expect(failureOf({ ...encoded(), metadata: data }).message).not.toContain('SECRET');
  });

  test.each(['Unknown', 'constructor', '__proto__', 'toString', ''])('is not decoded under the type %j', (type) => {
    expect(isEventType(type)).toBe(false);
    expect(failureOf({ ...encoded(), type }).name).toBe('UndecodableEvent');
  });
});

describe('versions', () => {
  const type = 'ChannelUpdated';
  const known = {
    [type]: {
      1: ({ name, ...rest }: Record<string, unknown>) => ({ ...rest, title: name }),
      2: (data: Record<string, unknown>) => ({ ...data, added: 'by 3' }),
    },
  };

  test('the newest is one more than there are upcasters', () => {
    expect(currentVersion(type, {})).toBe(1);
    expect(currentVersion(type, known)).toBe(3);
    expect(currentVersion('ChannelRegistered', known)).toBe(1);
  });

  test('an old one is lifted step by step to the newest', () => {
    expect(upcast(type, 1, { name: 'x', kept: 1 }, known)).toEqual({ title: 'x', kept: 1, added: 'by 3' });
    expect(upcast(type, 2, { title: 'x' }, known)).toEqual({ title: 'x', added: 'by 3' });
  });

  test('the newest is left as it is', () => {
    const data = { title: 'x' };
    expect(upcast(type, 3, data, known)).toBe(data);
  });

  test('one from the future is refused, and the error names the known versions', () => {
    expect(() => upcast(type, 4, {}, known)).toThrow(UndecodableEvent);
    for (const stored of eventTypes.map((one) => ({ ...encoded(), type: one }))) {
      const later = withMetadata(stored, (metadata) => ({
        ...metadata,
        schemaVersion: currentVersion(stored.type) + 1,
      }));
      expect(failureOf(later).message).toMatch(/version 2, this release knows up to 1/);
    }
  });

  test('a gap between upcasters is refused', () => {
    const gap = { [type]: { 2: (data: Record<string, unknown>) => data } };
    expect(() => upcast(type, 1, {}, gap)).toThrow(UndecodableEvent);
  });

  test.each([0, -1, 1.5, '1', null])('%j is no version', (schemaVersion) => {
    failureOf(withMetadata(encoded(), (metadata) => ({ ...metadata, schemaVersion })));
  });
});
