/** Keeps a projection up to date. */
import type { UmsEvent } from '../domain/events.ts';
import type { Position } from '../domain/position.ts';
import type { Copy, Documents } from '../ports/documents.ts';
import { CopyOfAnotherVersion } from '../ports/errors.ts';
import {
  type Begun,
  type Subscription,
  type SubscriptionDeps,
  type SubscriptionRun,
  startSubscription,
} from '../ports/eventsourcing/subscription.ts';
import { projectionPart } from '../ports/telemetry.ts';
import { batchApplier } from './apply.ts';
import type { Projection } from './projection.ts';
import { rebuild } from './rebuild.ts';

/**
 * Documents in one write while the service answers requests: a caller may have to wait for the current write. It is not
 * smaller than the number of events in a subscription's batch, most of which change one document.
 */
const LIVE_WRITE = 512;

export interface RunnerDeps extends SubscriptionDeps {
  readonly documents: Documents;
}

/**
 * Of all processes that start a runner, one writes, under a lease. It rebuilds a read model of an older release, and
 * waits while the serving copy is of a newer release.
 */
export function startRunner<T, E extends UmsEvent>(projection: Projection<T, E>, deps: RunnerDeps): Subscription {
  const { collection, name, filter } = projection;
  const { documents } = deps;
  const begin = async ({ log, fence, signal }: SubscriptionRun): Promise<Begun<E>> => {
    const copy = await upToDate(projection, deps, signal);
    return {
      from: await documents.checkpoint(copy, log),
      take: batchApplier(projection, { documents, copy, log, fence, largestWrite: LIVE_WRITE }),
      passOver: (from: Position, to: Position) =>
        documents.write(collection, { checkpoint: { from, to, log, fence } }, copy),
    };
  };
  return startSubscription({ name, part: projectionPart(name), filter, begin }, deps);
}

/**
 * Returns the serving copy, rebuilt if it was older than this release's version.
 * @throws CopyOfAnotherVersion if it has a newer version
 */
async function upToDate<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  deps: RunnerDeps,
  signal: AbortSignal,
): Promise<Copy> {
  const { collection, name } = projection;
  const copy = await deps.documents.serving(collection);
  if (copy.version === collection.version) return copy;
  if (copy.version > collection.version)
    throw new CopyOfAnotherVersion(
      `the read model ${name} was built by a newer release (version ${copy.version}, this release knows ${collection.version})`,
    );
  deps.logger.info({ projection: name, from: copy.version, to: collection.version }, 'rebuilding a projection');
  return rebuild(projection, deps, { signal, unless: ({ version }) => version >= collection.version });
}
