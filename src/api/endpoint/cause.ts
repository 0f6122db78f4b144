/** The metadata that a request gives to its events (`docs/events.md`). */
import { hash, randomUUID } from 'node:crypto';
import type { EventContext, UmsEvent } from '../../domain/events.ts';
import type { RequestRecord } from '../../ports/event-log.ts';
import { traceparentOf } from '../../ports/eventsourcing/trace.ts';
import { actorOf, type Call } from './call.ts';
import type { RequestIdentity } from './idempotency.ts';

export interface RequestCause<E extends UmsEvent> {
  readonly context: EventContext;
  readonly request: Pick<RequestRecord, 'key' | 'fingerprint'> | undefined;
  readonly answerOf: (events: readonly E[]) => string;
}

/** @param correlationId the msgId, or the registration's stream */
export function causeOf<E extends UmsEvent>(
  call: Call,
  identity: RequestIdentity | undefined,
  correlationId: string,
  answerOf: (events: readonly E[]) => string,
): RequestCause<E> {
  const context: EventContext = {
    correlationId,
    causationId: `request:${identity === undefined ? randomUUID() : hash('sha256', identity.key)}`,
    actor: actorOf(call),
    requestId: call.headers.sequenceId,
    at: new Date(call.now).toISOString(),
    traceparent: traceparentOf(call.headers.traceparent),
  };
  return { context, request: identity, answerOf };
}
