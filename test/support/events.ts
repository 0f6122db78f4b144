/** Events as a log holds them: told one after the other, a second apart, each in the stream that it belongs to. */
import { randomUUID } from 'node:crypto';
import { encodeEvent } from '../../src/domain/codec.ts';
import type { EventData, EventOf, EventType, TargetRef, UmsEvent } from '../../src/domain/events.ts';
import { type Position, positionOf, type Revision, revisionOf, START } from '../../src/domain/position.ts';
import { messageStream, receiptStream, registrationStream, type StreamName } from '../../src/domain/streams.ts';
import type { EventLog, NewEvent, RecordedEvent } from '../../src/ports/event-log.ts';
import { AT, aContext, aMessage, aTarget } from '../fixtures/samples.ts';

type Fields<T extends EventType> = Partial<EventData<T>>;

/** The time of the nth event of a test (the first is 1). */
export function timeOf(n: number): string {
  return new Date(Date.parse(AT) + n * 1000).toISOString();
}

export const accepted = (data: Fields<'MessageAccepted'> = {}): EventOf<'MessageAccepted'> => ({
  type: 'MessageAccepted',
  data: aMessage(data),
});

const group = {
  msgId: aMessage().msgId,
  group: '0',
  channel: 'jpush',
  appPackage: 'com.example.phone',
  targets: ['client-1'],
  round: 0,
} as const;

export const prepared = (data: Fields<'MessageDispatchPrepared'> = {}): EventOf<'MessageDispatchPrepared'> => ({
  type: 'MessageDispatchPrepared',
  data: { ...group, targets: [...group.targets], idempotencyKey: 'key-1', keyValidUntil: timeOf(86_400), ...data },
});

export const dispatched = (data: Fields<'MessageDispatched'> = {}): EventOf<'MessageDispatched'> => ({
  type: 'MessageDispatched',
  data: { ...group, targets: [...group.targets], ...data },
});

export const dispatchFailed = (data: Fields<'MessageDispatchFailed'> = {}): EventOf<'MessageDispatchFailed'> => ({
  type: 'MessageDispatchFailed',
  data: { ...group, targets: [...group.targets], failure: 'refused', reason: 'too big', ...data },
});

export const redriven = (data: Fields<'DispatchRedriven'> = {}): EventOf<'DispatchRedriven'> => ({
  type: 'DispatchRedriven',
  data: { ...group, targets: [...group.targets], round: 1, who: 'operator-1', ...data },
});

const ref: TargetRef = { clientId: 'client-1', appPackage: 'com.example.phone' };
const ofTargets = { msgId: group.msgId, targets: [ref] };

export const expired = (data: Fields<'MessageExpired'> = {}): EventOf<'MessageExpired'> => ({
  type: 'MessageExpired',
  data: { ...ofTargets, ...data },
});

export const displayCancelled = (data: Fields<'MessageDisplayCancelled'> = {}): EventOf<'MessageDisplayCancelled'> => ({
  type: 'MessageDisplayCancelled',
  data: { ...ofTargets, cause: 'requested', ...data },
});

export const erased = (data: Fields<'MessageErased'> = {}): EventOf<'MessageErased'> => ({
  type: 'MessageErased',
  data: { ...ofTargets, cause: 'requested', ...data },
});

const receipt = { msgId: group.msgId, ...ref };

export const received = (data: Fields<'MessageReceived'> = {}): EventOf<'MessageReceived'> => ({
  type: 'MessageReceived',
  data: { ...receipt, ...data },
});

export const displayed = (data: Fields<'MessageDisplayed'> = {}): EventOf<'MessageDisplayed'> => ({
  type: 'MessageDisplayed',
  data: { ...receipt, ...data },
});

export const answered = (data: Fields<'MessageAnswered'> = {}): EventOf<'MessageAnswered'> => ({
  type: 'MessageAnswered',
  data: { ...receipt, ...data },
});

export const unregistered = (data: Fields<'ChannelUnregistered'> = {}): EventOf<'ChannelUnregistered'> => ({
  type: 'ChannelUnregistered',
  data: { ...ref, reason: 'requested', ...data },
});

/** `client-1` … `client-n`, all in one package. */
export function targetsNamed(count: number) {
  return Array.from({ length: count }, (_, index) => aTarget({ clientId: `client-${index + 1}` }));
}

function streamOf(event: UmsEvent): StreamName {
  switch (event.type) {
    case 'ChannelRegistered':
    case 'ChannelUpdated':
    case 'ChannelUnregistered':
      return registrationStream(event.data);
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return receiptStream(event.data.msgId, event.data.clientId);
    default:
      return messageStream(event.data.msgId);
  }
}

/** The events as they would be read from a log that holds nothing else. */
export function recorded<E extends UmsEvent>(events: readonly E[]): RecordedEvent<E>[] {
  const revisions = new Map<StreamName, Revision>();
  return events.map((event, index) => {
    const stream = streamOf(event);
    const revision = revisionOf((revisions.get(stream) ?? -1n) + 1n);
    revisions.set(stream, revision);
    const metadata = JSON.parse(encodeEvent(event, aContext({ at: timeOf(index + 1) })).metadata);
    return { id: `event-${index + 1}`, stream, revision, position: positionOf(index + 1), event, metadata };
  });
}

/** Appends the events in their order, each at the end of its stream. @returns the position of the last */
export async function appendAll(log: EventLog, events: readonly UmsEvent[]): Promise<Position> {
  const revisions = new Map<StreamName, Revision | 'noStream'>();
  for (const stream of new Set(events.map(streamOf)))
    revisions.set(stream, (await log.readStream(stream)).at(-1)?.revision ?? 'noStream');
  const results = await Promise.all(
    events.map((event, index) => {
      const stream = streamOf(event);
      const expected = revisions.get(stream) ?? 'noStream';
      revisions.set(stream, revisionOf(expected === 'noStream' ? 0n : expected + 1n));
      const context = aContext({ at: timeOf(index + 1) });
      return log.append(stream, [{ id: randomUUID(), event, context } satisfies NewEvent], expected);
    }),
  );
  const positions = results.map((result) => {
    if (result.type !== 'appended') throw new Error(`not appended but ${result.type}`);
    return result.position;
  });
  return positions.at(-1) ?? START;
}
