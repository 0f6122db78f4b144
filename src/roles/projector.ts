/** What builds the read models. */
import type { FollowerDeps } from '../ports/follow.ts';
import { startProjections } from '../projections/index.ts';
import type { Part } from './part.ts';

export async function startProjector(deps: FollowerDeps): Promise<Part> {
  const runners = await startProjections(deps);
  return {
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}
