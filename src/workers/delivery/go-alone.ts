/**
 * Continues with single targets of a group: their call has reached no recipient, or they have changed their channel.
 */
import { aloneIn } from '../../domain/dispatch-groups.ts';
import type { ChannelName } from '../../domain/events.ts';
import { deliveryJob } from '../../ports/delivery-jobs.ts';
import type { DeliveryDeps, Work } from './work.ts';

/** Parts in one append. The bound keeps it below the largest append that every event store accepts. */
const PARTS_AT_ONCE = 250;

export interface Single {
  readonly clientId: string;
  /** Its present channel. */
  readonly channel: ChannelName;
}

/**
 * Adds a job for each target. First it records that they go alone. Otherwise their group, if its job is added again
 * while the new jobs wait, would also send to them, with a key of its own.
 */
export async function goAlone(
  { jobs }: Pick<DeliveryDeps, 'jobs'>,
  work: Work,
  singles: readonly Single[],
): Promise<void> {
  const { state, whole, record } = work;
  const { msgId, appPackage, round } = work.group;
  const names = aloneIn(
    state.message,
    whole,
    singles.map(({ clientId }) => clientId),
  );
  const parts = singles.map(({ clientId, channel }, index) => {
    const group = names[index] ?? whole.group;
    return { msgId, group, channel, appPackage, targets: [clientId], round };
  });
  for (let start = 0; start < parts.length; start += PARTS_AT_ONCE) {
    const some = parts.slice(start, start + PARTS_AT_ONCE);
    await record({ type: 'GoAlone', parts: some }, `${round} ${JSON.stringify(some.map(({ group }) => group))}`);
  }
  await jobs.add(parts.map(({ group, channel }) => deliveryJob({ msgId, appPackage, group, channel })));
}
