/** Builds a projection anew beside the copy that serves, then swaps (`docs/architecture.md §Projections`). */
import type { UmsEvent } from '../domain/events.ts';
import { type Position, START } from '../domain/position.ts';
import type { Copy, Documents } from '../ports/documents.ts';
import { ShadowBehind, StoreUnavailable } from '../ports/errors.ts';
import type { EventLog, RecordedEvent } from '../ports/event-log.ts';
import type { Leases } from '../ports/leases.ts';
import { batchApplier } from './apply.ts';
import type { Projection } from './projection.ts';

/**
 * Events that a rebuild reads at once, and documents of its writes. Nobody waits meanwhile, and a document that several
 * of the events change is written once.
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
  /** Called with the position reached and the one to reach. */
  readonly onProgress?: ((position: Position, head: Position) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A copy that serves already, perhaps since another process has built it meanwhile, and makes the rebuild unnecessary. */
  readonly unless?: ((serving: Copy) => boolean) | undefined;
}

/**
 * One process builds a read model at a time, under a lease; the others wait for it. The runner of the copy that serves goes
 * on meanwhile, under another lease, so writes of the shadow carry no fencing token: the copy's own token refuses stale ones.
 * @returns the copy that serves then
 * @throws PoisonEvent, UndecodableEvent, StaleCopy, StoreUnavailable (also when the signal aborts); what serves is then
 * untouched
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

/** Until the shadow stands where the serving copy stands, which goes on meanwhile; then it serves. */
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
    // The serving copy may have passed over events of others, and stand there.
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
