/**
 * Every event of UMS with its schema, as one union discriminated by `type` (`docs/events.md`).
 * Persisted names outlive the code: never rename a type or a field, add a version and an upcaster (`docs/adding-an-event.md`).
 */
import { z } from 'zod';

export const deviceTypes = ['01', '02', '03', '04', '05', '06', '07', '08'] as const;
export type DeviceType = (typeof deviceTypes)[number];
export const SMART_SPEAKER: DeviceType = '08';

export const channels = ['jpush', 'm2m'] as const;
export type ChannelName = (typeof channels)[number];

const text = z.string().min(1);
const instant = z.iso.datetime({ precision: 3 });

/** A registration as it stands after the event: complete, so that no reader needs an earlier one. */
const registration = z.object({
  clientId: text,
  appPackage: text,
  appId: text,
  userId: text.optional(),
  userName: text.optional(),
  deviceId: text.optional(),
  pushId: text,
  deviceName: text.optional(),
  deviceType: z.enum(deviceTypes),
  typeId: text.optional(),
  collab3th: z.union([z.literal(0), z.literal(1)]),
  /** When the terminal was first registered in this package; stays over unregistering. */
  firstRegisteredAt: instant,
});

const targetRef = z.object({ clientId: text, appPackage: text });

const target = targetRef.extend({
  channel: z.enum(channels),
  deviceType: z.enum(deviceTypes),
  deviceId: text.optional(),
  /** The user that the terminal belonged to at acceptance; its reports need that user's token. */
  userId: text.optional(),
});

/** The fields of every dispatch event, about its group: targets of one channel and app that share one call. */
const dispatch = z.object({
  msgId: text,
  /** `<chunk>` or, once a chunk was split, `<chunk>-<index of the target in it>`. */
  group: text,
  channel: z.enum(channels),
  appPackage: text,
  /** clientIds. */
  targets: z.array(text).min(1),
  /** How often the targets had been redriven: 0 at first. */
  round: z.int().nonnegative(),
});

export const failureCodes = ['expired', 'pushIdRejected', 'refused', 'gaveUp', 'unregistered', 'cancelled'] as const;
export type FailureCode = (typeof failureCodes)[number];

const receipt = z.object({ msgId: text, clientId: text, appPackage: text });

const schemas = {
  ChannelRegistered: registration,
  ChannelUpdated: registration,
  ChannelUnregistered: z.object({
    clientId: text,
    appPackage: text,
    reason: z.enum(['requested', 'pushIdRejected']),
  }),
  MessageAccepted: z.object({
    msgId: text,
    origin: z.enum(['terminal', 'cloud', 'host']),
    appId: text,
    /** The sending user (absent for the cloud). */
    userId: text.optional(),
    clientId: text.optional(),
    destination: z.object({
      type: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
      mode: z.enum(['strict', 'try']),
      /** Names that msgPushtry dropped, in the order of the request. */
      filtered: z.array(z.string()),
    }),
    /** Set when the targets were chosen through this user: a terminal that no longer has this user is not sent to. */
    boundUserId: text.optional(),
    /** Seconds the message stays valid, counted from acceptance. */
    expires: z.int().positive(),
    expiresAt: instant,
    content: z.object({ sha256: z.string().length(64), size: z.int().nonnegative() }),
    targets: z.array(target).min(1),
  }),
  /** Recorded before the first call, so that a retry reuses the provider's idempotency key; without one, that a target goes alone. */
  MessageDispatchPrepared: dispatch.extend({
    idempotencyKey: text.optional(),
    /** Until when the provider honours the key. */
    keyValidUntil: instant.optional(),
  }),
  MessageDispatched: dispatch.extend({ providerMessageId: text.optional() }),
  MessageDispatchFailed: dispatch.extend({
    failure: z.enum(failureCodes),
    reason: z.string(),
    provider: z.object({ httpStatus: z.int().optional(), code: z.int().optional() }).optional(),
  }),
  /** Targets that gave up are tried again, in this round. */
  DispatchRedriven: dispatch.extend({
    /** The operator. */
    who: text,
    /** The operator's reason. */
    why: text.optional(),
  }),
  MessageExpired: z.object({ msgId: text, targets: z.array(targetRef).min(1) }),
  MessageDisplayCancelled: z.object({
    msgId: text,
    cause: z.enum(['requested', 'burn']),
    targets: z.array(targetRef).min(1),
  }),
  MessageErased: z.object({
    msgId: text,
    cause: z.enum(['requested', 'burn', 'retention']),
    targets: z.array(targetRef).min(1),
  }),
  MessageReceived: receipt,
  MessageDisplayed: receipt,
  MessageAnswered: receipt,
} as const;

export type EventType = keyof typeof schemas;
export type EventData<T extends EventType> = z.output<(typeof schemas)[T]>;
export const eventTypes = Object.keys(schemas) as readonly EventType[];

/** The schema of the newest version of a type's `data`. */
export const schemaOf = (type: EventType): z.ZodType => schemas[type];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(schemas, type);
}

/** One event without its metadata, as deciders make it and folds read it. */
export type EventOf<T extends EventType> = { [K in T]: { readonly type: K; readonly data: EventData<K> } }[T];

export type RegistrationEvent = EventOf<'ChannelRegistered' | 'ChannelUpdated' | 'ChannelUnregistered'>;
export type MessageEvent = EventOf<
  | 'MessageAccepted'
  | 'MessageDispatchPrepared'
  | 'MessageDispatched'
  | 'MessageDispatchFailed'
  | 'DispatchRedriven'
  | 'MessageExpired'
  | 'MessageDisplayCancelled'
  | 'MessageErased'
>;
export type ReceiptEvent = EventOf<'MessageReceived' | 'MessageDisplayed' | 'MessageAnswered'>;
export type UmsEvent = RegistrationEvent | MessageEvent | ReceiptEvent;

export type Registration = EventData<'ChannelRegistered'>;
export type Target = z.output<typeof target>;
export type TargetRef = z.output<typeof targetRef>;
export type AcceptedMessage = EventData<'MessageAccepted'>;

/** Unique key of a target in its message, JSON-encoded so that no separator can be ambiguous. */
export function targetKey(target: TargetRef): string {
  return JSON.stringify([target.clientId, target.appPackage]);
}

const actor = z.object({
  kind: z.enum(['terminal', 'cloud', 'operator', 'worker', 'system']),
  appId: text.optional(),
  userId: text.optional(),
  clientId: text.optional(),
});
export type Actor = z.output<typeof actor>;

export const metadataSchema = z.object({
  /** The msgId, or the registration's stream. */
  correlationId: text,
  /** The event (its id) or the request that caused it. */
  causationId: text,
  actor,
  /** The sequenceId of the request, if it had one. */
  requestId: text.optional(),
  at: instant,
  traceparent: z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/),
  schemaVersion: z.int().positive(),
});
export type EventMetadata = z.output<typeof metadataSchema>;

/** Everything of the metadata that the caller of an append knows; the codec adds the version. */
export type EventContext = Omit<EventMetadata, 'schemaVersion'>;
