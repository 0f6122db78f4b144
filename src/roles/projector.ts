/** The part that builds the read models. */
import type { SubscriptionDeps } from '../ports/eventsourcing/subscription.ts';
import { startProjections } from '../projections/index.ts';
import type { Part } from './part.ts';

export async function startProjector(deps: SubscriptionDeps): Promise<Part> {
  const runners = await startProjections(deps);
  return {
    async stop() {
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}
