/** The jobs of delivery: one for each group of targets, in a queue for each channel and app, so that none waits for another's. */
import { createHash } from 'node:crypto';
import type { ChannelName } from '../domain/events.ts';
import type { Jobs, NewJob } from './jobs.ts';

export interface DeliveryJob {
  readonly msgId: string;
  /** `domain/dispatch-groups.ts` */
  readonly group: string;
  readonly channel: ChannelName;
  readonly appPackage: string;
}

/** A job is a dead letter after this many failed tries (`docs/api.md §4`, gaveUp). */
const DELIVERY_ATTEMPTS = 25;
const BACKOFF = { baseMs: 1_000, capMs: 600_000 };

/** The names of all queues of deliveries begin with this. */
export const DELIVERY_QUEUES = 'delivery-';

export function deliveryJob(data: DeliveryJob): NewJob<DeliveryJob> {
  return {
    id: `${data.msgId}-${data.group}`,
    queue: deliveryQueue(data.channel, data.appPackage),
    data,
    attempts: DELIVERY_ATTEMPTS,
    backoff: BACKOFF,
  };
}

/** Lets the job of a redriven group run, whether the queue has it among its dead letters or has lost it. */
export async function runRedriven(jobs: Pick<Jobs, 'add' | 'redrive'>, data: DeliveryJob): Promise<void> {
  const job = deliveryJob(data);
  if (!(await jobs.redrive(job.queue, job.id))) await jobs.add([job]);
}

/** Queue names know few characters; a package that has others is told apart by a hash. */
export function deliveryQueue(channel: ChannelName, appPackage: string): string {
  const plain = appPackage.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 80);
  const suffix = plain === appPackage ? '' : `-${createHash('sha256').update(appPackage).digest('hex').slice(0, 12)}`;
  return `${DELIVERY_QUEUES}${channel}-${plain}${suffix}`;
}
