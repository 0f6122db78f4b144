import type { UmsEvent } from '../domain/events.ts';
import type { Subscription, SubscriptionDeps } from '../ports/eventsourcing/subscription.ts';
import { deliveriesProjection } from './deliveries.ts';
import { devicesProjection } from './devices.ts';
import { messagesProjection } from './messages.ts';
import type { Projection } from './projection.ts';
import { rebuild, startRunner, upgrade } from './runner.ts';

// Each projection has its own document and event types; together they are run alike.
const all = [devicesProjection, messagesProjection, deliveriesProjection] as unknown as readonly Projection<
  unknown,
  UmsEvent
>[];

export const projectionNames = all.map(({ name }) => name);

/** Upgrades the read models of an older release, then keeps all projections up to date. */
export async function startProjections(deps: SubscriptionDeps): Promise<readonly Subscription[]> {
  for (const projection of all) await upgrade(projection, deps);
  return all.map((projection) => startRunner(projection, deps));
}

/** @returns false if there is no projection of that name */
export async function rebuildProjection(
  name: string,
  deps: Pick<SubscriptionDeps, 'log' | 'documents'>,
  onProgress: Parameters<typeof rebuild>[2],
): Promise<boolean> {
  const projection = all.find((candidate) => candidate.name === name);
  if (projection === undefined) return false;
  await rebuild(projection, deps, onProgress);
  return true;
}
