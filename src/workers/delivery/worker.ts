/** Runs the delivery jobs: one consumer a lane, for the packages that the apps file has and for what is left in the queues. */
import type { AppDirectory } from '../../domain/apps.ts';
import type { ChannelName } from '../../domain/events.ts';
import { type Consumer, DeadJob, type Job, type Jobs, PauseQueue, RetryJob } from '../../ports/jobs.ts';
import type { Channel } from '../channels/channel.ts';
import { delivery } from './deliver.ts';
import { type DeliveryJob, deliveryQueue, isDeliveryQueue } from './job.ts';
import { LANE_CONCURRENCY, lane } from './lane.ts';
import type { DeliveryDeps, Route } from './work.ts';

export interface DeliveryWorkerDeps extends DeliveryDeps {
  readonly apps: AppDirectory;
  /** The channels that this service has. */
  readonly channels: Partial<Record<ChannelName, Channel>>;
}

export interface DeliveryWorker {
  /** Makes sure that somebody takes the jobs of these queues. */
  serve(queues: Iterable<string>): void;
  /** Takes no more jobs, finishes those at hand within the grace, cuts the rest off: they run again later. */
  stop(graceMs: number): Promise<void>;
}

export async function startDeliveryWorker(deps: DeliveryWorkerDeps): Promise<DeliveryWorker> {
  const routes = new Map<string, Route>();
  const routeOf = ({ channel: name, appPackage }: DeliveryJob): Route | undefined => {
    const queue = deliveryQueue(name, appPackage);
    const channel = deps.channels[name];
    const known = routes.get(queue);
    if (known !== undefined || channel === undefined) return known;
    const onOpen = (): void => deps.logger.error({ channel: name, appPackage }, 'circuit opened');
    const route = { channel, lane: lane(channel, appPackage, () => deps.clock.now(), onOpen) };
    routes.set(queue, route);
    return route;
  };
  const consumers = new Map<string, Consumer>();
  const consume = (queue: string): Consumer =>
    deps.jobs.consume<DeliveryJob>({
      queue,
      concurrency: LANE_CONCURRENCY,
      handler,
      onError: (error, job) => {
        // These two say what they say on purpose; a fault is anything else.
        if (error instanceof RetryJob || error instanceof PauseQueue) return;
        const about = { queue, ...job?.data };
        if (error instanceof DeadJob) deps.logger.error({ ...about, reason: error.message }, 'gave up: a dead letter');
        else deps.logger.error({ ...about, err: error }, 'delivery job failed');
      },
    });
  let stopping = false;
  const serve = (queues: Iterable<string>): void => {
    if (stopping) return;
    for (const queue of queues) if (!consumers.has(queue)) consumers.set(queue, consume(queue));
  };
  // A target that has changed its channel goes on in a queue that nobody may have served before.
  const add: Jobs['add'] = (jobs) => {
    serve(new Set(jobs.map(({ queue }) => queue)));
    return deps.jobs.add(jobs);
  };
  const deliver = delivery({ ...deps, jobs: { ...deps.jobs, add } }, routeOf);
  const handler = async (job: Job<DeliveryJob>, signal: AbortSignal): Promise<void> => {
    try {
      await deliver(job, signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      // No fault: it goes back, and costs no attempt.
      deps.logger.info({ ...job.data }, 'delivery is cut off; it runs again at the next start');
      throw new PauseQueue('cut off', 0);
    }
  };

  const packages = deps.apps.apps.flatMap((app) => app.packages);
  serve(packages.map(({ appPackage }) => deliveryQueue('jpush', appPackage)));
  serve((await deps.jobs.queues()).filter(isDeliveryQueue));

  return {
    serve,
    async stop(graceMs) {
      stopping = true;
      await Promise.all([...consumers.values()].map((consumer) => consumer.close(graceMs)));
      await Promise.all(Object.values(deps.channels).map((channel) => channel.close()));
    },
  };
}
