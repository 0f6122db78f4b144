/** Rebuilds a projection in a shadow of the serving copy, then swaps the two (`docs/architecture.md §Projections`). */
import type { UmsEvent } from '../domain/events.ts';
import { type Position, START } from '../domain/position.ts';
import type { Copy, Documents } from '../ports/documents.ts';
import { ShadowBehind, StoreUnavailable } from '../ports/errors.ts';
import type { EventLog, RecordedEvent } from '../ports/event-log.ts';
import type { Leases } from '../ports/leases.ts';
import { batchApplier } from './apply.ts';
import type { Projection } from './projection.ts';

/**
 * Events in one read of a rebuild, and documents in one of its writes. No caller waits for a rebuild, and a document
 * that several of the events change is written once.
 */
const REBUILD_BATCH = 2048;
const REBUILD_WRITE = 4096;
const neverAborts = new AbortController().signal;

export interface RebuildDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly leases: Leases;
}

export interface RebuildOptions {
  /** Called with the current position and the last one. */
  readonly onProgress?: ((position: Position, head: Position) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the serving copy makes the rebuild unnecessary, for instance because another process has just built it. */
  readonly unless?: ((serving: Copy) => boolean) | undefined;
}

/**
 * One process builds a read model at a time, under a lease; the others wait for it. The runner of the serving copy goes
 * on meanwhile, under another lease. So writes to the shadow carry no fencing token; stale ones are refused by their
 * copy token.
 * @returns the copy that serves afterwards
 * @throws PoisonEvent, UndecodableEvent, StaleCopy, StoreUnavailable (also when the signal aborts); the serving copy is
 * then unchanged
 */
export async function rebuild<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  deps: RebuildDeps,
  { onProgress, signal = neverAborts, unless = () => false }: RebuildOptions = {},
): Promise<Copy> {
  const { collection, name } = projection;
  const lease = await deps.leases.acquire(`rebuild-${name}`, signal);
  if (lease === undefined) throw new StoreUnavailable(`the rebuild of ${name} was given up`);
  try {
    const serving = await deps.documents.serving(collection);
    if (unless(serving)) return serving;
    const shadow = await deps.documents.startShadow(collection);
    await fill(projection, deps, shadow, signal, onProgress);
    return shadow;
  } finally {
    await lease.release();
  }
}

/** Fills the shadow until it has caught up with the serving copy, which goes on meanwhile. Then promotes the shadow. */
async function fill<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { log, documents }: RebuildDeps,
  shadow: Copy,
  signal: AbortSignal,
  onProgress: RebuildOptions['onProgress'],
): Promise<void> {
  const { collection, filter, name } = projection;
  const logId = await log.id();
  const take = batchApplier(projection, { documents, copy: shadow, log: logId, largestWrite: REBUILD_WRITE });
  let position = START;
  for (;;) {
    const head = await log.head();
    const events = (await log.readAll(position, filter, REBUILD_BATCH)) as readonly RecordedEvent<E>[];
    position = await take(events, position, signal);
    onProgress?.(position, head);
    if (signal.aborted) throw new StoreUnavailable(`the rebuild of ${name} was given up`);
    if (events.length === REBUILD_BATCH) continue;
    // The serving copy may have moved its checkpoint over events of others.
    if (head > position) {
      await documents.write(collection, { checkpoint: { from: position, to: head, log: logId } }, shadow);
      position = head;
    }
    if (await promoted(documents, collection, shadow)) return;
  }
}

async function promoted<T>(
  documents: Documents,
  collection: Projection<T>['collection'],
  shadow: Copy,
): Promise<boolean> {
  try {
    await documents.promoteShadow(collection, shadow);
    return true;
  } catch (error) {
    if (error instanceof ShadowBehind) return false;
    throw error;
  }
}
