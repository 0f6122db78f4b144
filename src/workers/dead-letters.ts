/**
 * Discards dead letters that can't be redriven any more: their message has expired, and the time in which an operator
 * may still look at them is over.
 */
import type { Clock } from '../ports/clock.ts';
import { DELIVERY_QUEUES, type DeliveryJob } from '../ports/delivery-jobs.ts';
import type { Documents } from '../ports/documents.ts';
import { StoreUnavailable } from '../ports/errors.ts';
import { type Loop, pause, restartDelay, startLoop } from '../ports/eventsourcing/loop.ts';
import type { DeadLetter, Jobs } from '../ports/jobs.ts';
import type { Logger } from '../ports/logger.ts';
import { messages } from '../ports/read-models/messages.ts';
import type { Telemetry } from '../ports/telemetry.ts';

const PART = 'dead-letter-cleaner';
/** ms between the end of a pass and the next one. */
const EVERY_MS = 600_000;
/** Dead letters of one turn. */
const AT_ONCE = 200;
/**
 * ms for which a dead letter is kept after its message has expired, or after its own death if the message is unknown.
 */
const RETENTION_MS = 7 * 86_400_000;

export interface DeadLetterDeps {
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry?: Pick<Telemetry, 'report'> | undefined;
}

export function startDeadLetterCleaner(deps: DeadLetterDeps): Loop {
  return startLoop(async (signal) => {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await discardOverdue(deps, signal);
        failures = 0;
        deps.telemetry?.report(PART, { state: 'up' });
      } catch (error) {
        failures += 1;
        deps.telemetry?.report(PART, { state: 'waiting', detail: (error as Error).message });
        if (!(error instanceof StoreUnavailable))
          deps.logger.error({ err: error }, 'the cleaner of dead letters met an error');
      }
      await pause(failures === 0 ? EVERY_MS : restartDelay(failures - 1), signal);
    }
  });
}

/** One pass over all dead letters, page after page. @returns the number discarded @throws StoreUnavailable */
export async function discardOverdue(deps: DeadLetterDeps, signal: AbortSignal): Promise<number> {
  let discarded = 0;
  for (const queue of await deps.jobs.queues())
    if (queue.startsWith(DELIVERY_QUEUES)) discarded += await discardIn(deps, queue, signal);
  if (discarded > 0) deps.logger.info({ discarded }, 'dead letters of expired messages discarded');
  return discarded;
}

async function discardIn(deps: DeadLetterDeps, queue: string, signal: AbortSignal): Promise<number> {
  const { documents, jobs, clock } = deps;
  let discarded = 0;
  let after: DeadLetter<DeliveryJob> | undefined;
  while (!signal.aborted) {
    const page: readonly DeadLetter<DeliveryJob>[] = await jobs.deadLetters<DeliveryJob>(queue, AT_ONCE, after);
    const known = await documents.getMany(messages, [...new Set(page.map(({ data }) => data.msgId))]);
    for (const { id, data, diedAt } of page) {
      const expiresAt = known.get(data.msgId)?.document.expiresAt;
      const endedAt = expiresAt === undefined ? diedAt : Math.max(diedAt, Date.parse(expiresAt));
      if (clock.now() >= endedAt + RETENTION_MS && (await jobs.discard(queue, id))) discarded += 1;
    }
    after = page.at(-1);
    if (page.length < AT_ONCE) break;
  }
  return discarded;
}
