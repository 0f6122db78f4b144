/** A log as a service leaves it: registrations, messages to one target each, their dispatches, the reports of terminals. */
import { eventId } from '../../src/domain/event-id.ts';
import type { EventContext, Registration, UmsEvent } from '../../src/domain/events.ts';
import { revisionOf } from '../../src/domain/position.ts';
import { messageStream, receiptStream, registrationStream, type StreamName } from '../../src/domain/streams.ts';
import type { EventLog, ExpectedRevision, NewEvent } from '../../src/ports/event-log.ts';

/** Messages whose steps are interleaved, as those of a busy service are. */
const TOGETHER = 500;
const TERMINALS = 10_000;
const APP = 'MB-BENCH-0000';
const PACKAGE = 'com.example.bench';
const START_MS = Date.parse('2026-03-01T00:00:00.000Z');

interface Step {
  readonly stream: StreamName;
  readonly revision: number;
  readonly event: UmsEvent;
}

/** @returns how many events were appended: the first whole steps that reach `wanted` */
export async function writeHistory(log: EventLog, wanted: number): Promise<number> {
  let written = 0;
  for (const steps of history(wanted)) {
    if (written >= wanted) break;
    const portion = steps.slice(0, wanted - written);
    await Promise.all(portion.map((step, index) => append(log, step, written + index)));
    written += portion.length;
  }
  return written;
}

async function append(log: EventLog, { stream, revision, event }: Step, place: number): Promise<void> {
  const context = contextAt(stream, place);
  const events: NewEvent[] = [{ id: eventId(stream, context.causationId, event.type, 0), event, context }];
  const expected: ExpectedRevision = revision === 0 ? 'noStream' : revisionOf(revision - 1);
  const result = await log.append(stream, events, expected);
  if (result.type !== 'appended') throw new Error(`${stream}: ${JSON.stringify(result)}`);
}

/** Events that are appended at once, step by step. */
function* history(wanted: number): Generator<Step[]> {
  const terminals = Math.min(TERMINALS, Math.ceil(wanted / 10));
  for (let first = 0; first < terminals; first += TOGETHER)
    yield registrations(first, Math.min(TOGETHER, terminals - first));
  for (let first = 0; ; first += TOGETHER) {
    const numbers = Array.from({ length: TOGETHER }, (_, index) => first + index);
    yield numbers.map((number) => accepted(number, terminals));
    yield numbers.map((number) => prepared(number, terminals));
    yield numbers.map((number) => dispatched(number, terminals));
    // Not every terminal is on, not every message is looked at, few are answered.
    yield numbers.filter((n) => n % 10 < 8).map((n) => reported(n, terminals, 'MessageReceived', 0));
    yield numbers.filter((n) => n % 10 < 6).map((n) => reported(n, terminals, 'MessageDisplayed', 1));
    yield numbers.filter((n) => n % 10 < 2).map((n) => reported(n, terminals, 'MessageAnswered', 2));
  }
}

function registrations(first: number, count: number): Step[] {
  return Array.from({ length: count }, (_, index) => {
    const data: Registration = {
      ...terminal(first + index),
      appId: APP,
      userId: `user-${(first + index) % 4000}`,
      userName: 'Somebody',
      deviceId: `device-${first + index}`,
      pushId: `1a0018970a${first + index}`,
      deviceName: 'Fridge in the kitchen',
      deviceType: '04',
      typeId: '201c120024000810',
      collab3th: 0,
      firstRegisteredAt: timeAt(first + index),
    };
    return { stream: registrationStream(data), revision: 0, event: { type: 'ChannelRegistered', data } };
  });
}

const terminal = (number: number) => ({ clientId: `terminal-${number}`, appPackage: PACKAGE });
const targetOf = (number: number, terminals: number) => terminal((number * 7919) % terminals);
const msgIdOf = (number: number): string => `20260301080000000${'ab12'}${number.toString(36).padStart(5, '0')}`;
const timeAt = (place: number): string => new Date(START_MS + place * 3).toISOString();

function accepted(number: number, terminals: number): Step {
  const msgId = msgIdOf(number);
  const target = { ...targetOf(number, terminals), channel: 'jpush', deviceType: '04', userId: 'user-1' } as const;
  const data = {
    msgId,
    origin: 'terminal',
    appId: APP,
    userId: 'user-1',
    clientId: 'terminal-0',
    destination: { type: 0, mode: 'strict', filtered: [] },
    expires: 86_400,
    expiresAt: new Date(START_MS + 86_400_000 + number * 10).toISOString(),
    content: { sha256: 'a'.repeat(64), size: 120 },
    targets: [target],
  } satisfies Extract<UmsEvent, { type: 'MessageAccepted' }>['data'];
  return { stream: messageStream(msgId), revision: 0, event: { type: 'MessageAccepted', data } };
}

function groupOf(number: number, terminals: number) {
  const { clientId, appPackage } = targetOf(number, terminals);
  return { msgId: msgIdOf(number), group: '0', channel: 'jpush', appPackage, targets: [clientId], round: 0 } as const;
}

function prepared(number: number, terminals: number): Step {
  const { targets, ...group } = groupOf(number, terminals);
  const key = { idempotencyKey: `cid-${number}`, keyValidUntil: timeAt(number + 86_400) };
  return {
    stream: messageStream(group.msgId),
    revision: 1,
    event: { type: 'MessageDispatchPrepared', data: { ...group, targets: [...targets], ...key } },
  };
}

function dispatched(number: number, terminals: number): Step {
  const { targets, ...group } = groupOf(number, terminals);
  return {
    stream: messageStream(group.msgId),
    revision: 2,
    event: {
      type: 'MessageDispatched',
      data: { ...group, targets: [...targets], providerMessageId: `18100${number}` },
    },
  };
}

function reported(
  number: number,
  terminals: number,
  type: 'MessageReceived' | 'MessageDisplayed' | 'MessageAnswered',
  revision: number,
): Step {
  const target = targetOf(number, terminals);
  const msgId = msgIdOf(number);
  return { stream: receiptStream(msgId, target.clientId), revision, event: { type, data: { msgId, ...target } } };
}

function contextAt(stream: StreamName, place: number): EventContext {
  return {
    correlationId: stream,
    causationId: `cause-${place}`,
    actor: { kind: 'terminal', appId: APP, userId: 'user-1', clientId: 'terminal-0' },
    requestId: `request-${place}`,
    at: timeAt(place),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
}
