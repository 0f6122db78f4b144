/** An operator lets a group that gave up be tried again (`docs/events.md`). */
import type { EventContext } from '../domain/events.ts';
import { messageDecider } from '../domain/message.ts';
import { outstandingGroups } from '../domain/outstanding.ts';
import { messageStream } from '../domain/streams.ts';
import type { Clock } from '../ports/clock.ts';
import { runRedriven } from '../ports/delivery-jobs.ts';
import type { EventLog } from '../ports/event-log.ts';
import { execute } from '../ports/eventsourcing/execute.ts';
import type { Jobs } from '../ports/jobs.ts';

export interface RedriveInput {
  readonly msgId: string;
  /** As the dead letter names it. */
  readonly group: string;
  /** The operator. */
  readonly who: string;
  /** The operator's reason. */
  readonly why?: string | undefined;
  readonly context: EventContext;
}

export type Redriven =
  | { readonly type: 'redriven'; readonly round: number }
  /** No such message or group, or none of its targets gave up, or the message has expired or was erased. */
  | { readonly type: 'nothingToRedrive' };

/**
 * Records the round first, then lets the queue run the group's job. If the process ends in between, the reconciler does
 * that later, and so does the same command again. @throws StoreUnavailable
 */
export async function redrive(
  { log, jobs, clock }: { readonly log: EventLog; readonly jobs: Jobs; readonly clock: Clock },
  { msgId, group: name, who, why, context }: RedriveInput,
): Promise<Redriven> {
  const command = { type: 'Redrive', group: name, who, why, now: clock.now() } as const;
  const result = await execute(log, messageDecider, messageStream(msgId), command, { context });
  if (result.type !== 'done' || result.loaded.state.status === 'none') return { type: 'nothingToRedrive' };
  const group = outstandingGroups(result.loaded.state).find((candidate) => candidate.group === name);
  if (group === undefined || group.round === 0) return { type: 'nothingToRedrive' };
  const { channel, appPackage, round } = group;
  await runRedriven(jobs, { msgId, group: name, channel, appPackage });
  return { type: 'redriven', round };
}
