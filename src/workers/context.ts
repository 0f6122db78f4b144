/** Who a worker's events say that they are by, and what caused them. */
import { randomBytes } from 'node:crypto';
import type { EventContext } from '../domain/events.ts';
import type { Clock } from '../ports/clock.ts';
import type { RecordedEvent } from '../ports/event-log.ts';

const TRACEPARENT_SPAN = /^(00-[0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/;

/** The context of what a worker records because of an event: the same trace, a span of its own. */
export function workerContext(cause: RecordedEvent, clock: Clock): EventContext {
  const span = randomBytes(8).toString('hex');
  return {
    correlationId: cause.metadata.correlationId,
    causationId: cause.id,
    actor: { kind: 'worker' },
    at: new Date(clock.now()).toISOString(),
    traceparent: cause.metadata.traceparent.replace(TRACEPARENT_SPAN, `$1-${span}-$2`),
  };
}
