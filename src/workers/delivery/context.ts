/** The actor and the cause in the events of a worker. */
import type { EventContext } from '../../domain/events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RecordedEvent } from '../../ports/event-log.ts';
import { nextSpan } from '../../ports/eventsourcing/trace.ts';

/** The context of an event that a worker records because of another event: the same trace with a span of its own. */
export function workerContext(cause: RecordedEvent, clock: Clock): EventContext {
  return {
    correlationId: cause.metadata.correlationId,
    causationId: cause.id,
    actor: { kind: 'worker' },
    at: new Date(clock.now()).toISOString(),
    traceparent: nextSpan(cause.metadata.traceparent),
  };
}
