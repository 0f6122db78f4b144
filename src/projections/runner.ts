/** Keeps a projection up to date: resumes from its checkpoint, batch by batch, for as long as it is wanted. */
import { UndecodableEvent } from '../domain/codec.ts';
import type { UmsEvent } from '../domain/events.ts';
import { type Position, START } from '../domain/position.ts';
import { CheckpointLost, type Documents, shadowCheckpoint } from '../ports/documents.ts';
import type { EventLog, RecordedEvent } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import { pause, restartDelay } from '../ports/restart.ts';
import { applyBatch, PoisonEvent } from './apply.ts';
import type { Projection } from './projection.ts';

export type RunnerState =
  | { readonly status: 'running' | 'stopped' }
  /** Resumes by itself once the store is back. */
  | { readonly status: 'waiting'; readonly error: Error }
  /** A poison event, or another runner has its checkpoint: needs a person. */
  | { readonly status: 'failed'; readonly error: Error };

export interface RunnerDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly logger: Logger;
}

export interface Runner {
  readonly name: string;
  state(): RunnerState;
  /** Finishes the batch at hand. */
  stop(): Promise<void>;
}

export function startRunner<T, E extends UmsEvent>(projection: Projection<T, E>, deps: RunnerDeps): Runner {
  const stopping = new AbortController();
  let state: RunnerState = { status: 'running' };

  const run = async (): Promise<void> => {
    for (let failures = 0; !stopping.signal.aborted; failures += 1) {
      try {
        await follow(projection, deps, stopping.signal, () => {
          failures = 0;
          state = { status: 'running' };
        });
      } catch (error) {
        state = failedState(error as Error);
        deps.logger.error({ projection: projection.name, err: error }, `projection ${state.status}`);
        if (state.status === 'failed') return;
      }
      await pause(restartDelay(failures), stopping.signal);
    }
    state = { status: 'stopped' };
  };

  const running = run();
  return {
    name: projection.name,
    state: () => state,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function failedState(error: Error): RunnerState {
  const forGood = error instanceof PoisonEvent || error instanceof UndecodableEvent || error instanceof CheckpointLost;
  return { status: forGood ? 'failed' : 'waiting', error };
}

async function follow<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { log, documents }: RunnerDeps,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<void> {
  const { name, filter } = projection;
  let position = await documents.checkpoint(name);
  for await (const { events } of log.subscribe(position, filter, signal)) {
    const batch = events as readonly RecordedEvent<E>[];
    position = await applyBatch(projection, batch, position, { documents, copy: 'serving', checkpoint: name });
    onProgress();
  }
}

/** Events of one step of a rebuild. */
const REBUILD_BATCH = 4096;

/**
 * Builds a projection anew beside the copy that serves, then swaps (`design.md §Projections`).
 * @param onProgress told the position reached and the one to reach
 * @throws PoisonEvent, UndecodableEvent; the copy that serves is then untouched
 */
export async function rebuild<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  { log, documents }: Pick<RunnerDeps, 'log' | 'documents'>,
  onProgress: (position: Position, head: Position) => void = () => undefined,
): Promise<void> {
  const { collection, name, filter } = projection;
  const target = { documents, copy: 'shadow', checkpoint: shadowCheckpoint(collection.name) } as const;
  await documents.startShadow(collection);
  let position = START;
  for (;;) {
    const events = (await log.readAll(position, filter, REBUILD_BATCH)) as readonly RecordedEvent<E>[];
    position = await applyBatch(projection, events, position, target);
    onProgress(position, await log.head());
    if (events.length < REBUILD_BATCH) break;
  }
  await documents.promoteShadow(collection, name);
}

/** Brings a collection that an older release has built to this release's version. */
export async function upgrade<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  deps: Pick<RunnerDeps, 'log' | 'documents' | 'logger'>,
): Promise<void> {
  const { collection, name } = projection;
  const served = await deps.documents.servedVersion(collection);
  if (served === collection.version) return;
  deps.logger.info({ projection: name, from: served, to: collection.version }, 'rebuilding a projection');
  await rebuild(projection, deps);
}
