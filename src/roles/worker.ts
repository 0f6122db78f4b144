/** The part that delivers: dispatcher, delivery, expiry, and the reconciler that rebuilds lost queues. */
import type { App } from '../domain/apps.ts';
import { appDirectory } from '../domain/apps.ts';
import { startUnderLease } from '../ports/eventsourcing/under-lease.ts';
import type { Leases } from '../ports/leases.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { jpushChannel } from '../workers/channels/jpush/index.ts';
import { startDeadLetterCleaner } from '../workers/dead-letters.ts';
import { messageSessions } from '../workers/delivery/message-sessions.ts';
import type { DeliveryDeps } from '../workers/delivery/work.ts';
import { startDeliveryWorker } from '../workers/delivery/worker.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { startExpirySweeper } from '../workers/expiry-sweeper.ts';
import { startReconciler } from '../workers/reconciler.ts';
import type { Part } from './part.ts';

export interface WorkerDeps extends DeliveryDeps {
  readonly leases: Leases;
  readonly apps: readonly App[];
  readonly jpushUrl: string;
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export async function startWorker(deps: WorkerDeps): Promise<Part> {
  const apps = appDirectory(deps.apps);
  const jpush = jpushChannel({ url: deps.jpushUrl, packages: apps, clock: deps.clock });
  const sessions = messageSessions(deps.log, deps.clock);
  const delivery = startDeliveryWorker({ ...deps, channels: { jpush }, sessions });
  const dispatcher = startDispatcher({ ...deps, onAccepted: sessions.begin });
  const { leases, logger } = deps;
  const sweeper = startUnderLease({ leases, logger, name: 'expiry-sweeper' }, () => startExpirySweeper(deps));
  const reconciler = startUnderLease({ leases, logger, name: 'reconciler' }, () => startReconciler(deps));
  const cleaner = startUnderLease({ leases, logger, name: 'dead-letter-cleaner' }, () => startDeadLetterCleaner(deps));
  deps.telemetry?.report('worker', { state: 'up' });
  return {
    async stop(graceMs) {
      await Promise.all([dispatcher.stop(), sweeper.stop(), reconciler.stop(), cleaner.stop()]);
      await delivery.stop(graceMs);
    },
  };
}
