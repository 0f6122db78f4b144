/** What delivers: dispatcher, delivery, expiry. */
import type { App } from '../domain/apps.ts';
import { appDirectory } from '../domain/apps.ts';
import type { Clock } from '../ports/clock.ts';
import type { Contents } from '../ports/contents.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Jobs } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import { jpushChannel } from '../workers/channels/jpush.ts';
import { startDeliveryWorker } from '../workers/delivery-worker.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { startExpirySweeper } from '../workers/expiry-sweeper.ts';
import type { Part } from './part.ts';

export interface WorkerDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly contents: Contents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly apps: readonly App[];
  readonly jpushUrl: string;
}

export async function startWorker(deps: WorkerDeps): Promise<Part> {
  const apps = appDirectory(deps.apps);
  const jpush = jpushChannel({ url: deps.jpushUrl, packages: apps, clock: deps.clock });
  const delivery = await startDeliveryWorker({ ...deps, apps, channels: { jpush } });
  const dispatcher = startDispatcher({ ...deps, onQueues: delivery.serve });
  const sweeper = startExpirySweeper(deps);
  return {
    async stop(graceMs) {
      await Promise.all([dispatcher.stop(), sweeper.stop()]);
      await delivery.stop(graceMs);
    },
  };
}
