/** Turns accepted messages into jobs: a subscription with a checkpoint, so that each message is seen at least once. */
import { UndecodableEvent } from '../domain/codec.ts';
import { groupsOf } from '../domain/dispatch-groups.ts';
import type { EventOf } from '../domain/events.ts';
import { streamPrefixes } from '../domain/streams.ts';
import { CheckpointLost, type Documents } from '../ports/documents.ts';
import type { EventLog, LogFilter, RecordedEvent } from '../ports/event-log.ts';
import type { Jobs } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import { type Loop, pause, restartDelay, startLoop } from '../ports/restart.ts';
import { deliveryJob } from './delivery-job.ts';

const CHECKPOINT = 'dispatcher';
const filter: LogFilter = { prefixes: [streamPrefixes.message], types: ['MessageAccepted'] };

export interface DispatcherDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly logger: Logger;
  /** Told of the queues that jobs were added to, before they are added. */
  readonly onQueues: (queues: Iterable<string>) => void;
}

export function startDispatcher(deps: DispatcherDeps): Loop {
  return startLoop((signal) => run(deps, signal));
}

async function run(deps: DispatcherDeps, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      await follow(deps, signal, () => {
        failures = 0;
      });
    } catch (error) {
      const forGood = error instanceof UndecodableEvent || error instanceof CheckpointLost;
      deps.logger.error({ err: error }, forGood ? 'dispatcher failed' : 'dispatcher waits for the store');
      if (forGood) return;
    }
    await pause(restartDelay(failures), signal);
  }
}

async function follow(deps: DispatcherDeps, signal: AbortSignal, onProgress: () => void): Promise<void> {
  const { log, documents } = deps;
  let position = await documents.checkpoint(CHECKPOINT);
  for await (const { events } of log.subscribe(position, filter, signal)) {
    const last = events.at(-1);
    if (last === undefined) continue;
    await addJobs(deps, events as readonly RecordedEvent<EventOf<'MessageAccepted'>>[]);
    await documents.moveCheckpoint({ name: CHECKPOINT, from: position, to: last.position });
    position = last.position;
    onProgress();
  }
}

async function addJobs(
  { jobs, onQueues }: DispatcherDeps,
  events: readonly RecordedEvent<EventOf<'MessageAccepted'>>[],
): Promise<void> {
  const added = events.flatMap(({ event: { data } }) =>
    groupsOf(data).map(({ group, channel, appPackage }) =>
      deliveryJob({ msgId: data.msgId, group, channel, appPackage }),
    ),
  );
  onQueues(new Set(added.map(({ queue }) => queue)));
  await jobs.add(added);
}
