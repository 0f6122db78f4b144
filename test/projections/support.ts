/** Runners of a projection on a real backend, and functions that wait for their effects. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { UmsEvent } from '../../src/domain/events.ts';
import type { Position } from '../../src/domain/position.ts';
import type { Subscription, SubscriptionState } from '../../src/ports/eventsourcing/subscription.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { type RunnerDeps, startRunner } from '../../src/projections/runner.ts';
import { eventually } from '../contract/support.ts';
import { openTestBackend, type TestBackend } from '../support/embedded.ts';
import { errorLog } from '../support/error-log.ts';
import { freeLeases } from '../support/leases.ts';

export async function aBackend(): Promise<TestBackend> {
  const test = await openTestBackend();
  onTestFinished(test.close);
  return test;
}

/** A runner that is stopped when the test ends. */
export function running<T, E extends UmsEvent>(
  projection: Projection<T, E>,
  deps: Pick<RunnerDeps, 'log' | 'documents'> & Partial<RunnerDeps>,
): Subscription {
  const runner = startRunner(projection, { leases: freeLeases(), logger: errorLog().logger, ...deps });
  onTestFinished(() => runner.stop());
  return runner;
}

export function comesTo(runner: Subscription, status: SubscriptionState['status']): Promise<SubscriptionState> {
  return eventually(() => {
    const state = runner.state();
    if (state.status !== status) throw new Error(`the runner is ${state.status}, not ${status}`);
    return state;
  });
}

/** Changes one stored event behind the backend's back, as a defect or a later release would. */
export function tamper({ folder }: TestBackend, position: Position, columns: Readonly<Record<string, string>>): void {
  const db = new DatabaseSync(join(folder, 'ums.sqlite'));
  try {
    const sets = Object.keys(columns).map((name) => `${name} = ?`);
    const { changes } = db
      .prepare(`UPDATE events SET ${sets.join(', ')} WHERE position = ?`)
      .run(...Object.values(columns), Number(position));
    if (changes !== 1) throw new Error(`no event at ${position}`);
  } finally {
    db.close();
  }
}
