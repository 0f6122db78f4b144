/**
 * Expires messages that no job has expired in time, because their lane is clogged or their job was lost. Normally the
 * job itself expires its message; the sweeper is the safety net.
 */
import type { Clock } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import { StoreUnavailable } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { type Loop, pause, startLoop } from '../ports/eventsourcing/loop.ts';
import type { Logger } from '../ports/logger.ts';
import { messages } from '../ports/read-models/messages.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { messageSession } from './delivery/message-session.ts';
import { expire } from './delivery/outcomes.ts';

const PART = 'sweeper';
const EVERY_MS = 1_000;
const AT_ONCE = 200;
/** msgIds in one line of the log. */
const MAX_NAMED = 20;
/**
 * Longer than a call to a provider usually takes, so that a running call can record its own outcome. A later outcome
 * still counts.
 */
const GRACE_MS = 3_000;

export interface SweeperDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export function startExpirySweeper(deps: SweeperDeps): Loop {
  return startLoop((signal) => run(deps, signal));
}

async function run(deps: SweeperDeps, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sweep(deps, signal);
      deps.telemetry?.report(PART, { state: 'up' });
    } catch (error) {
      deps.telemetry?.report(PART, { state: 'waiting', detail: (error as Error).message });
      if (!(error instanceof StoreUnavailable)) deps.logger.error({ err: error }, 'the expiry sweeper met an error');
    }
    await pause(EVERY_MS, signal);
  }
}

/**
 * Expires the messages that are overdue, oldest first, page after page. One that can't be expired holds up no other,
 * and the next sweep tries it again.
 * @returns the number of messages looked at
 * @throws StoreUnavailable when the store does not say which are overdue
 */
export async function sweep(deps: SweeperDeps, signal: AbortSignal): Promise<number> {
  const upTo = new Date(deps.clock.now() - GRACE_MS).toISOString();
  const failed: Failed[] = [];
  const expired: string[] = [];
  let targets = 0;
  let looked = 0;
  let cursor: string | undefined;
  do {
    // Pages follow a cursor, because the read model lags behind: from the start it would give the same messages again.
    const page = await deps.documents.find(messages, { index: 'openUntil', upTo, limit: AT_ONCE, cursor });
    for (const { id } of page.items) {
      if (signal.aborted) break;
      looked += 1;
      try {
        const count = await expireMessage(deps, id);
        if (count > 0) expired.push(id);
        targets += count;
      } catch (error) {
        failed.push({ msgId: id, error });
      }
    }
    cursor = page.next;
  } while (cursor !== undefined && !signal.aborted);
  if (expired.length > 0)
    deps.logger.info({ messages: expired.length, targets, msgIds: expired.slice(0, MAX_NAMED) }, 'messages expired');
  report(deps, failed);
  return looked;
}

async function expireMessage({ log, clock }: SweeperDeps, msgId: string): Promise<number> {
  const message = await messageSession(log, clock, msgId).open();
  return message === undefined ? 0 : expire(message, clock.now());
}

interface Failed {
  readonly msgId: string;
  readonly error: unknown;
}

/** Writes one line a sweep: while the store is away, all messages fail, every second. */
function report({ logger }: SweeperDeps, failed: readonly Failed[]): void {
  const [first] = failed;
  if (first === undefined) return;
  const msgIds = failed.slice(0, MAX_NAMED).map(({ msgId }) => msgId);
  logger.error({ err: first.error, failed: failed.length, msgIds }, 'messages can not be expired');
}
