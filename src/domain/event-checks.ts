/**
 * Written by `npm run event-checks` from the schemas in `events.ts`: change those. Each function gives a copy of a value
 * with the fields that its schema knows, or `undefined` if the value breaks the schema.
 */
import type { EventType } from './events.ts';

interface Fields {
  [field: string]: unknown;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function metadataActorOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { kind, appId, userId, clientId } = value;
  if (kind !== 'terminal' && kind !== 'cloud' && kind !== 'operator' && kind !== 'worker' && kind !== 'system') return undefined;
  if (appId !== undefined && (typeof appId !== 'string' || appId === '')) return undefined;
  if (userId !== undefined && (typeof userId !== 'string' || userId === '')) return undefined;
  if (clientId !== undefined && (typeof clientId !== 'string' || clientId === '')) return undefined;
  const copy: Fields = {};
  copy.kind = kind;
  if (appId !== undefined) copy.appId = appId;
  if (userId !== undefined) copy.userId = userId;
  if (clientId !== undefined) copy.clientId = clientId;
  return copy;
}

const pattern1 = /^(?:(?:\d\d[2468][048]|\d\d[13579][26]|\d\d0[48]|[02468][048]00|[13579][26]00)-02-29|\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30)|(?:02)-(?:0[1-9]|1\d|2[0-8])))T(?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}(?:Z))$/;

const pattern2 = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

function metadataOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { correlationId, causationId, actor, requestId, at, traceparent, schemaVersion } = value;
  if (typeof correlationId !== 'string' || correlationId === '') return undefined;
  if (typeof causationId !== 'string' || causationId === '') return undefined;
  const actorCopy = metadataActorOf(actor);
  if (actorCopy === undefined) return undefined;
  if (requestId !== undefined && (typeof requestId !== 'string' || requestId === '')) return undefined;
  if (typeof at !== 'string' || !pattern1.test(at)) return undefined;
  if (typeof traceparent !== 'string' || !pattern2.test(traceparent)) return undefined;
  if (!Number.isSafeInteger(schemaVersion) || (schemaVersion as number) <= 0) return undefined;
  const copy: Fields = {};
  copy.correlationId = correlationId;
  copy.causationId = causationId;
  copy.actor = actorCopy;
  if (requestId !== undefined) copy.requestId = requestId;
  copy.at = at;
  copy.traceparent = traceparent;
  copy.schemaVersion = schemaVersion;
  return copy;
}

function ChannelRegisteredOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { clientId, appPackage, appId, userId, userName, deviceId, pushId, deviceName, deviceType, typeId, collab3th, firstRegisteredAt } = value;
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  if (typeof appId !== 'string' || appId === '') return undefined;
  if (userId !== undefined && (typeof userId !== 'string' || userId === '')) return undefined;
  if (userName !== undefined && (typeof userName !== 'string' || userName === '')) return undefined;
  if (deviceId !== undefined && (typeof deviceId !== 'string' || deviceId === '')) return undefined;
  if (typeof pushId !== 'string' || pushId === '') return undefined;
  if (deviceName !== undefined && (typeof deviceName !== 'string' || deviceName === '')) return undefined;
  if (deviceType !== '01' && deviceType !== '02' && deviceType !== '03' && deviceType !== '04' && deviceType !== '05' && deviceType !== '06' && deviceType !== '07' && deviceType !== '08') return undefined;
  if (typeId !== undefined && (typeof typeId !== 'string' || typeId === '')) return undefined;
  if (collab3th !== 0 && collab3th !== 1) return undefined;
  if (typeof firstRegisteredAt !== 'string' || !pattern1.test(firstRegisteredAt)) return undefined;
  const copy: Fields = {};
  copy.clientId = clientId;
  copy.appPackage = appPackage;
  copy.appId = appId;
  if (userId !== undefined) copy.userId = userId;
  if (userName !== undefined) copy.userName = userName;
  if (deviceId !== undefined) copy.deviceId = deviceId;
  copy.pushId = pushId;
  if (deviceName !== undefined) copy.deviceName = deviceName;
  copy.deviceType = deviceType;
  if (typeId !== undefined) copy.typeId = typeId;
  copy.collab3th = collab3th;
  copy.firstRegisteredAt = firstRegisteredAt;
  return copy;
}

function ChannelUnregisteredOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { clientId, appPackage, reason } = value;
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  if (reason !== 'requested' && reason !== 'pushIdRejected') return undefined;
  const copy: Fields = {};
  copy.clientId = clientId;
  copy.appPackage = appPackage;
  copy.reason = reason;
  return copy;
}

function MessageAcceptedDestinationFilteredOf(value: unknown): unknown {
  if (!Array.isArray(value)) return undefined;
  const items: unknown[] = [];
  for (const item of value) {
    if (typeof item !== 'string') return undefined;
    items.push(item);
  }
  return items;
}

function MessageAcceptedDestinationOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { type, mode, filtered } = value;
  if (type !== 0 && type !== 1 && type !== 2 && type !== 3) return undefined;
  if (mode !== 'strict' && mode !== 'try') return undefined;
  const filteredCopy = MessageAcceptedDestinationFilteredOf(filtered);
  if (filteredCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.type = type;
  copy.mode = mode;
  copy.filtered = filteredCopy;
  return copy;
}

function MessageAcceptedContentOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { sha256, size } = value;
  if (typeof sha256 !== 'string' || sha256.length !== 64) return undefined;
  if (!Number.isSafeInteger(size) || (size as number) < 0) return undefined;
  const copy: Fields = {};
  copy.sha256 = sha256;
  copy.size = size;
  return copy;
}

function MessageAcceptedTargetsItemOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { clientId, appPackage, channel, deviceType, deviceId, userId } = value;
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  if (channel !== 'jpush' && channel !== 'm2m') return undefined;
  if (deviceType !== '01' && deviceType !== '02' && deviceType !== '03' && deviceType !== '04' && deviceType !== '05' && deviceType !== '06' && deviceType !== '07' && deviceType !== '08') return undefined;
  if (deviceId !== undefined && (typeof deviceId !== 'string' || deviceId === '')) return undefined;
  if (userId !== undefined && (typeof userId !== 'string' || userId === '')) return undefined;
  const copy: Fields = {};
  copy.clientId = clientId;
  copy.appPackage = appPackage;
  copy.channel = channel;
  copy.deviceType = deviceType;
  if (deviceId !== undefined) copy.deviceId = deviceId;
  if (userId !== undefined) copy.userId = userId;
  return copy;
}

function MessageAcceptedTargetsOf(value: unknown): unknown {
  if (!Array.isArray(value) || value.length < 1) return undefined;
  const items: unknown[] = [];
  for (const item of value) {
    const copy = MessageAcceptedTargetsItemOf(item);
    if (copy === undefined) return undefined;
    items.push(copy);
  }
  return items;
}

function MessageAcceptedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, origin, appId, userId, clientId, destination, boundUserId, expires, expiresAt, content, targets } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (origin !== 'terminal' && origin !== 'cloud' && origin !== 'host') return undefined;
  if (typeof appId !== 'string' || appId === '') return undefined;
  if (userId !== undefined && (typeof userId !== 'string' || userId === '')) return undefined;
  if (clientId !== undefined && (typeof clientId !== 'string' || clientId === '')) return undefined;
  const destinationCopy = MessageAcceptedDestinationOf(destination);
  if (destinationCopy === undefined) return undefined;
  if (boundUserId !== undefined && (typeof boundUserId !== 'string' || boundUserId === '')) return undefined;
  if (!Number.isSafeInteger(expires) || (expires as number) <= 0) return undefined;
  if (typeof expiresAt !== 'string' || !pattern1.test(expiresAt)) return undefined;
  const contentCopy = MessageAcceptedContentOf(content);
  if (contentCopy === undefined) return undefined;
  const targetsCopy = MessageAcceptedTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.origin = origin;
  copy.appId = appId;
  if (userId !== undefined) copy.userId = userId;
  if (clientId !== undefined) copy.clientId = clientId;
  copy.destination = destinationCopy;
  if (boundUserId !== undefined) copy.boundUserId = boundUserId;
  copy.expires = expires;
  copy.expiresAt = expiresAt;
  copy.content = contentCopy;
  copy.targets = targetsCopy;
  return copy;
}

function MessageDispatchPreparedTargetsOf(value: unknown): unknown {
  if (!Array.isArray(value) || value.length < 1) return undefined;
  const items: unknown[] = [];
  for (const item of value) {
    if (typeof item !== 'string' || item === '') return undefined;
    items.push(item);
  }
  return items;
}

function MessageDispatchPreparedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, group, channel, appPackage, targets, round, idempotencyKey, keyValidUntil } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (typeof group !== 'string' || group === '') return undefined;
  if (channel !== 'jpush' && channel !== 'm2m') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const targetsCopy = MessageDispatchPreparedTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  if (!Number.isSafeInteger(round) || (round as number) < 0) return undefined;
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== 'string' || idempotencyKey === '')) return undefined;
  if (keyValidUntil !== undefined && (typeof keyValidUntil !== 'string' || !pattern1.test(keyValidUntil))) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.group = group;
  copy.channel = channel;
  copy.appPackage = appPackage;
  copy.targets = targetsCopy;
  copy.round = round;
  if (idempotencyKey !== undefined) copy.idempotencyKey = idempotencyKey;
  if (keyValidUntil !== undefined) copy.keyValidUntil = keyValidUntil;
  return copy;
}

function MessageDispatchedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, group, channel, appPackage, targets, round, providerMessageId } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (typeof group !== 'string' || group === '') return undefined;
  if (channel !== 'jpush' && channel !== 'm2m') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const targetsCopy = MessageDispatchPreparedTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  if (!Number.isSafeInteger(round) || (round as number) < 0) return undefined;
  if (providerMessageId !== undefined && (typeof providerMessageId !== 'string' || providerMessageId === '')) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.group = group;
  copy.channel = channel;
  copy.appPackage = appPackage;
  copy.targets = targetsCopy;
  copy.round = round;
  if (providerMessageId !== undefined) copy.providerMessageId = providerMessageId;
  return copy;
}

function MessageDispatchFailedProviderOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { httpStatus, code } = value;
  if (httpStatus !== undefined && (!Number.isSafeInteger(httpStatus))) return undefined;
  if (code !== undefined && (!Number.isSafeInteger(code))) return undefined;
  const copy: Fields = {};
  if (httpStatus !== undefined) copy.httpStatus = httpStatus;
  if (code !== undefined) copy.code = code;
  return copy;
}

function MessageDispatchFailedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, group, channel, appPackage, targets, round, failure, reason, provider } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (typeof group !== 'string' || group === '') return undefined;
  if (channel !== 'jpush' && channel !== 'm2m') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const targetsCopy = MessageDispatchPreparedTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  if (!Number.isSafeInteger(round) || (round as number) < 0) return undefined;
  if (failure !== 'expired' && failure !== 'pushIdRejected' && failure !== 'refused' && failure !== 'gaveUp' && failure !== 'unregistered' && failure !== 'cancelled') return undefined;
  if (typeof reason !== 'string') return undefined;
  const providerCopy = MessageDispatchFailedProviderOf(provider);
  if (provider !== undefined && providerCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.group = group;
  copy.channel = channel;
  copy.appPackage = appPackage;
  copy.targets = targetsCopy;
  copy.round = round;
  copy.failure = failure;
  copy.reason = reason;
  if (provider !== undefined) copy.provider = providerCopy;
  return copy;
}

function DispatchRedrivenOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, group, channel, appPackage, targets, round, who, why } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (typeof group !== 'string' || group === '') return undefined;
  if (channel !== 'jpush' && channel !== 'm2m') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const targetsCopy = MessageDispatchPreparedTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  if (!Number.isSafeInteger(round) || (round as number) < 0) return undefined;
  if (typeof who !== 'string' || who === '') return undefined;
  if (why !== undefined && (typeof why !== 'string' || why === '')) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.group = group;
  copy.channel = channel;
  copy.appPackage = appPackage;
  copy.targets = targetsCopy;
  copy.round = round;
  copy.who = who;
  if (why !== undefined) copy.why = why;
  return copy;
}

function MessageExpiredTargetsItemOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { clientId, appPackage } = value;
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const copy: Fields = {};
  copy.clientId = clientId;
  copy.appPackage = appPackage;
  return copy;
}

function MessageExpiredTargetsOf(value: unknown): unknown {
  if (!Array.isArray(value) || value.length < 1) return undefined;
  const items: unknown[] = [];
  for (const item of value) {
    const copy = MessageExpiredTargetsItemOf(item);
    if (copy === undefined) return undefined;
    items.push(copy);
  }
  return items;
}

function MessageExpiredOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, targets } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  const targetsCopy = MessageExpiredTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.targets = targetsCopy;
  return copy;
}

function MessageDisplayCancelledOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, cause, targets } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (cause !== 'requested' && cause !== 'burn') return undefined;
  const targetsCopy = MessageExpiredTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.cause = cause;
  copy.targets = targetsCopy;
  return copy;
}

function MessageErasedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, cause, targets } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (cause !== 'requested' && cause !== 'burn' && cause !== 'retention') return undefined;
  const targetsCopy = MessageExpiredTargetsOf(targets);
  if (targetsCopy === undefined) return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.cause = cause;
  copy.targets = targetsCopy;
  return copy;
}

function MessageReceivedOf(value: unknown): unknown {
  if (!isObject(value)) return undefined;
  const { msgId, clientId, appPackage } = value;
  if (typeof msgId !== 'string' || msgId === '') return undefined;
  if (typeof clientId !== 'string' || clientId === '') return undefined;
  if (typeof appPackage !== 'string' || appPackage === '') return undefined;
  const copy: Fields = {};
  copy.msgId = msgId;
  copy.clientId = clientId;
  copy.appPackage = appPackage;
  return copy;
}

export const checkMetadata = metadataOf;

export const checkData: Readonly<Record<EventType, (value: unknown) => unknown>> = {
  ChannelRegistered: ChannelRegisteredOf,
  ChannelUpdated: ChannelRegisteredOf,
  ChannelUnregistered: ChannelUnregisteredOf,
  MessageAccepted: MessageAcceptedOf,
  MessageDispatchPrepared: MessageDispatchPreparedOf,
  MessageDispatched: MessageDispatchedOf,
  MessageDispatchFailed: MessageDispatchFailedOf,
  DispatchRedriven: DispatchRedrivenOf,
  MessageExpired: MessageExpiredOf,
  MessageDisplayCancelled: MessageDisplayCancelledOf,
  MessageErased: MessageErasedOf,
  MessageReceived: MessageReceivedOf,
  MessageDisplayed: MessageReceivedOf,
  MessageAnswered: MessageReceivedOf,
};
