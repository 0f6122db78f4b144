/** What happens behind the API: projections, dispatcher, delivery, expiry. */

import type { App } from '../domain/apps.ts';
import { appDirectory } from '../domain/apps.ts';
import type { Clock } from '../ports/clock.ts';
import type { Contents } from '../ports/contents.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Jobs } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import { startProjections } from '../projections/index.ts';
import { jpushChannel } from '../workers/channels/jpush.ts';
import { startDeliveryWorker } from '../workers/delivery-worker.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { startExpirySweeper } from '../workers/expiry-sweeper.ts';

export interface BackgroundDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly contents: Contents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly apps: readonly App[];
  readonly jpushUrl: string;
}

export interface Background {
  /** Stops taking work, finishes what it holds within the grace, then stops the projections. */
  stop(graceMs: number): Promise<void>;
}

export async function startBackground(deps: BackgroundDeps): Promise<Background> {
  const apps = appDirectory(deps.apps);
  const runners = await startProjections(deps);
  const jpush = jpushChannel({ url: deps.jpushUrl, packages: apps, clock: deps.clock });
  const worker = await startDeliveryWorker({ ...deps, apps, channels: { jpush } });
  const dispatcher = startDispatcher({ ...deps, onQueues: worker.serve });
  const sweeper = startExpirySweeper(deps);
  return {
    async stop(graceMs) {
      await Promise.all([dispatcher.stop(), sweeper.stop()]);
      await worker.stop(graceMs);
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}
