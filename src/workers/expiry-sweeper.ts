/**
 * Expires what no job has expired in time: messages whose lane is clogged or whose job was lost. A job does it itself
 * when its turn comes; this is the net below.
 */
import { messageDecider } from '../domain/message.ts';
import { messageStream } from '../domain/streams.ts';
import type { Clock } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import { folded } from '../ports/execute.ts';
import type { Logger } from '../ports/logger.ts';
import { messages } from '../ports/read-models.ts';
import { type Loop, pause, startLoop } from '../ports/restart.ts';
import { recorder } from './record.ts';

const EVERY_MS = 1_000;
const AT_ONCE = 200;
/** Longer than a call to a provider takes as a rule, so that one under way tells its outcome itself; later, it still counts. */
const GRACE_MS = 3_000;

export interface SweeperDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function startExpirySweeper(deps: SweeperDeps): Loop {
  return startLoop((signal) => run(deps, signal));
}

async function run(deps: SweeperDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sweep(deps, signal);
    } catch (error) {
      deps.logger.error({ err: error }, 'expiry sweeper waits for the store');
    }
    await pause(EVERY_MS, signal);
  }
}

/** Expires the messages that are overdue, oldest first. @returns how many were looked at */
export async function sweep({ log, documents, clock }: SweeperDeps, signal: AbortSignal): Promise<number> {
  const upTo = new Date(clock.now() - GRACE_MS).toISOString();
  const { items } = await documents.find(messages, { index: 'openUntil', upTo, limit: AT_ONCE });
  for (const { id } of items) {
    if (signal.aborted) break;
    const history = await log.readStream(messageStream(id));
    const [accepted] = history;
    if (accepted === undefined) continue;
    const record = recorder(log, clock, accepted, folded(messageDecider, history));
    await record.message({ type: 'Expire', now: clock.now() }, '');
  }
  return items.length;
}
