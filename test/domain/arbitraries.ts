/** Arbitrary valid events and contexts, one arbitrary for each schema of `src/domain/events.ts`. */
import fc from 'fast-check';
import {
  channels,
  deviceTypes,
  type EventContext,
  type EventData,
  type EventType,
  eventTypes,
  failureCodes,
  type UmsEvent,
} from '../../src/domain/events.ts';

/** Any text that a request may carry, lone surrogates too. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);
const text = anyText.filter((value) => value.length > 0);
const instant = fc
  .date({ min: new Date(0), max: new Date('2099-12-31T23:59:59.999Z'), noInvalidDate: true })
  .map((date) => date.toISOString());
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const count = fc.nat({ max: 2 ** 31 });

/** As JSON.parse makes them. */
const plain = { noNullPrototype: true } as const;

/** An object with these fields, of which the optional ones may be absent. */
function record<R, O>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  optional: { [K in keyof O]: fc.Arbitrary<O[K]> },
) {
  return fc
    .tuple(fc.record(required, plain), fc.record(optional, { ...plain, requiredKeys: [] }))
    .map(([one, other]) => ({ ...one, ...other }) as R & Partial<O>);
}

const ref = fc.record({ clientId: text, appPackage: text }, plain);
const target = record(
  {
    clientId: text,
    appPackage: text,
    channel: fc.constantFrom(...channels),
    deviceType: fc.constantFrom(...deviceTypes),
  },
  { deviceId: text, userId: text },
);
const registration = record(
  {
    clientId: text,
    appPackage: text,
    appId: text,
    pushId: text,
    deviceType: fc.constantFrom(...deviceTypes),
    collab3th: fc.constantFrom(0 as const, 1 as const),
    firstRegisteredAt: instant,
  },
  { userId: text, userName: text, deviceId: text, deviceName: text, typeId: text },
);
const receipt = fc.record({ msgId: text, clientId: text, appPackage: text }, plain);
const group = {
  msgId: text,
  group: text,
  channel: fc.constantFrom(...channels),
  appPackage: text,
  targets: fc.array(text, { minLength: 1, maxLength: 5 }),
  round: count,
};
const refs = fc.array(ref, { minLength: 1, maxLength: 5 });

const dataOf: { [T in EventType]: fc.Arbitrary<EventData<T>> } = {
  ChannelRegistered: registration,
  ChannelUpdated: registration,
  ChannelUnregistered: fc.record(
    { clientId: text, appPackage: text, reason: fc.constantFrom('requested' as const, 'pushIdRejected' as const) },
    plain,
  ),
  MessageAccepted: record(
    {
      msgId: text,
      origin: fc.constantFrom('terminal' as const, 'cloud' as const, 'host' as const),
      appId: text,
      destination: fc.record(
        {
          type: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const),
          mode: fc.constantFrom('strict' as const, 'try' as const),
          filtered: fc.array(anyText, { maxLength: 3 }),
        },
        plain,
      ),
      expires: fc.integer({ min: 1, max: 864_000 }),
      expiresAt: instant,
      content: fc.record({ sha256: hex(64), size: count }, plain),
      targets: fc.array(target, { minLength: 1, maxLength: 5 }),
    },
    { userId: text, clientId: text, boundUserId: text },
  ),
  MessageDispatchPrepared: record(group, { idempotencyKey: text, keyValidUntil: instant }),
  MessageDispatched: record(group, { providerMessageId: text }),
  MessageDispatchFailed: record(
    { ...group, failure: fc.constantFrom(...failureCodes), reason: anyText },
    { provider: record({}, { httpStatus: count, code: count }) },
  ),
  DispatchRedriven: record({ ...group, who: text }, { why: text }),
  MessageExpired: fc.record({ msgId: text, targets: refs }, plain),
  MessageDisplayCancelled: fc.record(
    {
      msgId: text,
      cause: fc.constantFrom('requested' as const, 'burn' as const),
      targets: refs,
    },
    plain,
  ),
  MessageErased: fc.record(
    {
      msgId: text,
      cause: fc.constantFrom('requested' as const, 'burn' as const, 'retention' as const),
      targets: refs,
    },
    plain,
  ),
  MessageReceived: receipt,
  MessageDisplayed: receipt,
  MessageAnswered: receipt,
};

export function anEventOf(type: EventType): fc.Arbitrary<UmsEvent> {
  return (dataOf[type] as fc.Arbitrary<unknown>).map((data) => ({ type, data }) as UmsEvent);
}

export const anyEvent: fc.Arbitrary<UmsEvent> = fc.constantFrom(...eventTypes).chain(anEventOf);

export const anyContext: fc.Arbitrary<EventContext> = record(
  {
    correlationId: text,
    causationId: text,
    actor: record(
      {
        kind: fc.constantFrom(
          'terminal' as const,
          'cloud' as const,
          'operator' as const,
          'worker' as const,
          'system' as const,
        ),
      },
      { appId: text, userId: text, clientId: text },
    ),
    at: instant,
    traceparent: fc.tuple(hex(32), hex(16), hex(2)).map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`),
  },
  { requestId: text },
);
