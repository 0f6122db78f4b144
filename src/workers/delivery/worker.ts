/** Runs the delivery jobs of every lane, added by any process. */
import type { ChannelName } from '../../domain/events.ts';
import { DELIVERY_QUEUES, type DeliveryJob, deliveryQueue } from '../../ports/delivery-jobs.ts';
import { DeadJob, type Job, PauseQueue, RetryJob } from '../../ports/jobs.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Channel } from '../channels/channel.ts';
import { delivery } from './deliver.ts';
import { LANE_CONCURRENCY, type LaneEvents, lane } from './lane.ts';
import type { MessageSessions } from './message-sessions.ts';
import type { DeliveryDeps, Route } from './work.ts';

export interface DeliveryWorkerDeps extends DeliveryDeps {
  /** The channels that this service has. */
  readonly channels: Partial<Record<ChannelName, Channel>>;
  /** Shared with the dispatcher of the process. */
  readonly sessions?: MessageSessions;
}

export interface DeliveryWorker {
  /**
   * Takes no more jobs, finishes the running ones within the grace period, and cuts the rest off: they run again later.
   */
  stop(graceMs: number): Promise<void>;
}

export function startDeliveryWorker(deps: DeliveryWorkerDeps): DeliveryWorker {
  const routes = new Map<string, Route>();
  const routeOf = ({ channel: name, appPackage }: DeliveryJob): Route | undefined => {
    const queue = deliveryQueue(name, appPackage);
    const channel = deps.channels[name];
    const known = routes.get(queue);
    if (known !== undefined || channel === undefined) return known;
    const route = { channel, lane: lane(channel, appPackage, laneLog(deps.logger, { channel: name, appPackage })) };
    routes.set(queue, route);
    return route;
  };
  const deliver = delivery(deps, routeOf, deps.sessions);
  const handler = async (job: Job<DeliveryJob>, signal: AbortSignal): Promise<void> => {
    try {
      await deliver(job, signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      // This is no fault: the job goes back and loses no attempt.
      deps.logger.info({ ...job.data }, 'delivery is cut off; it runs again at the next start');
      throw new PauseQueue('cut off', 0);
    }
  };

  const consumer = deps.jobs.consume<DeliveryJob>({
    queuePrefix: DELIVERY_QUEUES,
    concurrency: LANE_CONCURRENCY,
    handler,
    onError: (error, job) => {
      // These two are thrown on purpose; any other error is a fault.
      if (error instanceof RetryJob || error instanceof PauseQueue) return;
      const about = { queue: job?.queue, ...job?.data };
      if (error instanceof DeadJob) deps.logger.error({ ...about, reason: error.message }, 'gave up: a dead letter');
      else deps.logger.error({ ...about, err: error }, 'delivery job failed');
    },
  });

  return {
    async stop(graceMs) {
      await consumer.close(graceMs);
      await Promise.all(Object.values(deps.channels).map((channel) => channel.close()));
    },
  };
}

function laneLog(logger: Logger, about: { readonly channel: ChannelName; readonly appPackage: string }): LaneEvents {
  return {
    onOpen: () => logger.error(about, 'circuit opened'),
    onClose: () => logger.info(about, 'circuit closed'),
    onWait: (reason, waitMs) =>
      logger.warn({ ...about, reason, waitMs: Math.round(waitMs) }, 'the lane waits for the provider'),
  };
}
