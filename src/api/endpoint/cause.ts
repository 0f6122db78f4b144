/** The metadata that a request gives to its events (`docs/events.md`). */
import { hash, randomUUID } from 'node:crypto';
import type { Cause, RequestIdentity } from '../../commands/remembered.ts';
import type { EventContext, UmsEvent } from '../../domain/events.ts';
import { traceparentOf } from '../../ports/eventsourcing/trace.ts';
import { actorOf, type Call } from './call.ts';

/** @param correlationId the msgId, or the registration's stream */
export function causeOf<E extends UmsEvent, State = unknown>(
  call: Call,
  identity: RequestIdentity | undefined,
  correlationId: string,
  answerOf: Cause<E, State>['answerOf'],
): Cause<E, State> {
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
