/**
 * The delivery jobs: one for each group of targets. Each channel and app has its own queue, so that no app waits for
 * another.
 */
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

/** Lets the job of a redriven group run. The queue may have it as a dead letter, or may have lost it. */
export async function runRedriven(jobs: Pick<Jobs, 'add' | 'redrive'>, data: DeliveryJob): Promise<void> {
  const job = deliveryJob(data);
  if (!(await jobs.redrive(job.queue, job.id))) await jobs.add([job]);
}

/** Queue names allow few characters. A package name with others gets a hash, so that queue names stay unique. */
export function deliveryQueue(channel: ChannelName, appPackage: string): string {
  const plain = appPackage.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 80);
  const suffix = plain === appPackage ? '' : `-${createHash('sha256').update(appPackage).digest('hex').slice(0, 12)}`;
  return `${DELIVERY_QUEUES}${channel}-${plain}${suffix}`;
}
