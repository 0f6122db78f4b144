import type { UmsEvent } from '../domain/events.ts';
import type { Documents } from '../ports/documents.ts';
import { NewerReadModel } from '../ports/errors.ts';
import { pause } from '../ports/eventsourcing/loop.ts';
import type { Subscription } from '../ports/eventsourcing/subscription.ts';
import { deliveriesProjection } from './deliveries.ts';
import { devicesProjection } from './devices.ts';
import { messagesProjection } from './messages.ts';
import type { Projection } from './projection.ts';
import { type RebuildDeps, type RebuildOptions, rebuild } from './rebuild.ts';
import { type RunnerDeps, startRunner } from './runner.ts';

// Each projection has its own document and event types, but all run in the same way.
const all = [devicesProjection, messagesProjection, deliveriesProjection] as unknown as readonly Projection<
  unknown,
  UmsEvent
>[];

export const projectionNames = all.map(({ name }) => name);

/** ms between two checks whether a read model has the version of this release. */
const LOOK_MS = 50;

/**
 * Keeps all projections up to date.
 * @returns once every read model has this release's version, or a newer one; any process may have upgraded it
 * @throws the error of an upgrade that has failed, for instance PoisonEvent
 */
export async function startProjections(deps: RunnerDeps): Promise<readonly Subscription[]> {
  const runners = all.map((projection) => startRunner(projection, deps));
  try {
    await Promise.all(all.map((projection, index) => upgraded(projection, deps.documents, runners[index])));
  } catch (error) {
    await Promise.all(runners.map((runner) => runner.stop()));
    throw error;
  }
  return runners;
}

async function upgraded(
  { collection }: Projection<unknown>,
  documents: Documents,
  runner: Subscription | undefined,
): Promise<void> {
  const never = new AbortController().signal;
  for (;;) {
    const { version } = await documents.serving(collection);
    if (version >= collection.version) return;
    const state = runner?.state();
    if (state?.status === 'failed') throw state.error;
    await pause(LOOK_MS, never);
  }
}

/**
 * For a service that is alone on its store, where it would be useless to wait for a newer release.
 * @throws NewerReadModel if a newer release has built a read model; nothing has changed
 */
export async function refuseNewerReadModels(documents: Documents): Promise<void> {
  for (const { name, collection } of all) {
    const { version } = await documents.serving(collection);
    if (version > collection.version)
      throw new NewerReadModel(
        `the read model ${name} was built by a newer release (version ${version}, this release knows ${collection.version}): ` +
          `start that release, or build it for this one with "ums rebuild ${name}"`,
      );
  }
}

/** @returns false if there is no projection of that name */
export async function rebuildProjection(
  name: string,
  deps: RebuildDeps,
  onProgress: RebuildOptions['onProgress'],
): Promise<boolean> {
  const projection = all.find((candidate) => candidate.name === name);
  if (projection === undefined) return false;
  await rebuild(projection, deps, { onProgress });
  return true;
}
