/** Turns accepted messages into jobs: a subscription with a checkpoint, so that each message is seen at least once. */
import { groupsOf } from '../domain/dispatch-groups.ts';
import type { EventOf } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import { streamPrefixes } from '../domain/streams.ts';
import { deliveryJob } from '../ports/delivery-jobs.ts';
import type { LogFilter, RecordedEvent } from '../ports/event-log.ts';
import { type Subscription, type SubscriptionDeps, startSubscription } from '../ports/eventsourcing/subscription.ts';
import type { Jobs } from '../ports/jobs.ts';

type Accepted = EventOf<'MessageAccepted'>;

/** Names its checkpoint. */
export const DISPATCHER = 'dispatcher';
const filter: LogFilter = { prefixes: [streamPrefixes.message], types: ['MessageAccepted'] };

export interface DispatcherDeps extends SubscriptionDeps {
  readonly jobs: Jobs;
  /** Given each message before its jobs are added. */
  readonly onAccepted?: (accepted: RecordedEvent<Accepted>) => void;
}

export function startDispatcher(deps: DispatcherDeps): Subscription {
  const passOver = (from: Position, to: Position): Promise<void> =>
    deps.documents.moveCheckpoint({ name: DISPATCHER, from, to });
  return startSubscription<Accepted>(
    { name: DISPATCHER, part: 'dispatcher', filter, begin: () => (events, from) => take(deps, events, from), passOver },
    deps,
  );
}

async function take(
  deps: DispatcherDeps,
  events: readonly RecordedEvent<Accepted>[],
  from: Position,
): Promise<Position> {
  const to = events.at(-1)?.position ?? from;
  await addJobs(deps, events);
  await deps.documents.moveCheckpoint({ name: DISPATCHER, from, to });
  return to;
}

async function addJobs(
  { jobs, onAccepted }: DispatcherDeps,
  events: readonly RecordedEvent<Accepted>[],
): Promise<void> {
  if (onAccepted !== undefined) for (const event of events) onAccepted(event);
  const added = events.flatMap(({ event: { data } }) =>
    groupsOf(data).map(({ group, channel, appPackage }) =>
      deliveryJob({ msgId: data.msgId, group, channel, appPackage }),
    ),
  );
  await jobs.add(added);
}
