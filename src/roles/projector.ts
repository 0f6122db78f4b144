/** The part that builds the read models. */
import { startProjections } from '../projections/index.ts';
import type { RunnerDeps } from '../projections/runner.ts';
import type { Part } from './part.ts';

export async function startProjector(deps: RunnerDeps): Promise<Part> {
  const runners = await startProjections(deps);
  return {
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}
