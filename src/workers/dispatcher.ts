/** Turns accepted messages into jobs: a subscription with a checkpoint, so that each message is seen at least once. */
import { groupsOf } from '../domain/dispatch-groups.ts';
import type { EventOf } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import { streamPrefixes } from '../domain/streams.ts';
import { deliveryJob } from '../ports/delivery-jobs.ts';
import type { Documents } from '../ports/documents.ts';
import type { LogFilter, RecordedEvent } from '../ports/event-log.ts';
import {
  type Begun,
  type Subscription,
  type SubscriptionDeps,
  type SubscriptionRun,
  startSubscription,
} from '../ports/eventsourcing/subscription.ts';
import type { Jobs } from '../ports/jobs.ts';

type Accepted = EventOf<'MessageAccepted'>;

/** Name of its checkpoint. */
export const DISPATCHER = 'dispatcher';
const filter: LogFilter = { prefixes: [streamPrefixes.message], types: ['MessageAccepted'] };

export interface DispatcherDeps extends SubscriptionDeps {
  readonly documents: Documents;
  readonly jobs: Jobs;
  /** Called with each message before its jobs are added. */
  readonly onAccepted?: (accepted: RecordedEvent<Accepted>) => void;
}

export function startDispatcher(deps: DispatcherDeps): Subscription {
  const { documents } = deps;
  const begin = async ({ log, fence }: SubscriptionRun): Promise<Begun<Accepted>> => {
    const passOver = (from: Position, to: Position): Promise<void> =>
      documents.moveCheckpoint({ name: DISPATCHER, from, to, log, fence });
    return {
      from: await documents.checkpoint(DISPATCHER, log),
      async take(events, from) {
        const to = events.at(-1)?.position ?? from;
        await addJobs(deps, events);
        await passOver(from, to);
        return to;
      },
      passOver,
    };
  };
  return startSubscription<Accepted>({ name: DISPATCHER, part: 'dispatcher', filter, begin }, deps);
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
