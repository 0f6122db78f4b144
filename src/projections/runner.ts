/** Keeps a projection up to date, and builds it anew. */
import type { UmsEvent } from '../domain/events.ts';
import { type Position, START } from '../domain/position.ts';
import { shadowCheckpoint } from '../ports/documents.ts';
import type { RecordedEvent } from '../ports/event-log.ts';
import { type Subscription, type SubscriptionDeps, startSubscription } from '../ports/eventsourcing/subscription.ts';
import { projectionPart } from '../ports/telemetry.ts';
import { batchApplier } from './apply.ts';
import type { Projection } from './projection.ts';

/**
 * Documents of one write beside a service that answers: who waits for an answer waits for the write at hand as well. Not
 * below the events of a subscription's batch, most of which change one.
 */
const LIVE_WRITE = 512;

export function startRunner<T, E extends UmsEvent>(projection: Projection<T, E>, deps: SubscriptionDeps): Subscription {
  const { collection, name, filter } = projection;
  const { documents } = deps;
  const target = { documents, copy: 'serving', checkpoint: name, largestWrite: LIVE_WRITE } as const;
  const begin = () => batchApplier(projection, target);
  const passOver = (from: Position, to: Position): Promise<void> =>
    documents.write(collection, { checkpoint: { name, from, to } });
  return startSubscription({ name, part: projectionPart(name), filter, begin, passOver }, deps);
}

/**
 * Events that a rebuild reads at once, and documents of its writes. Nobody waits meanwhile, and a document that several
 * of the events change is written once.
 */
const REBUILD_BATCH = 2048;
const REBUILD_WRITE = 4096;
const neverAborts = new AbortController().signal;

/**
 * Builds a projection anew beside the copy that serves, then swaps (`docs/architecture.md §Projections`).
 * @param onProgress told the position reached and the one to reach
 * @throws PoisonEvent, UndecodableEvent; the copy that serves is then untouched
 */
export async function rebuild<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { log, documents }: Pick<SubscriptionDeps, 'log' | 'documents'>,
  onProgress: (position: Position, head: Position) => void = () => undefined,
): Promise<void> {
  const { collection, name, filter } = projection;
  const take = batchApplier(projection, {
    documents,
    copy: 'shadow',
    checkpoint: shadowCheckpoint(collection.name),
    largestWrite: REBUILD_WRITE,
  });
  await documents.startShadow(collection);
  let position = START;
  for (;;) {
    const events = (await log.readAll(position, filter, REBUILD_BATCH)) as readonly RecordedEvent<E>[];
    position = await take(events, position, neverAborts);
    onProgress(position, await log.head());
    if (events.length < REBUILD_BATCH) break;
  }
  await documents.promoteShadow(collection, name);
}

/** The serving copy was built by a newer release, and this one would not understand it. */
class NewerReadModel extends Error {
  override readonly name = 'NewerReadModel';
}

/**
 * Brings a collection that an older release has built to this release's version.
 * @throws NewerReadModel, and nothing has changed
 */
export async function upgrade<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  deps: SubscriptionDeps,
): Promise<void> {
  const { collection, name } = projection;
  const served = await deps.documents.servedVersion(collection);
  if (served === collection.version) return;
  if (served > collection.version)
    throw new NewerReadModel(
      `the read model ${name} was built by a newer release (version ${served}, this release knows ${collection.version}): ` +
        `start that release, or build it for this one with "ums rebuild ${name}"`,
    );
  deps.logger.info({ projection: name, from: served, to: collection.version }, 'rebuilding a projection');
  await rebuild(projection, deps);
}
