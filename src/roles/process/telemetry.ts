/** Collects the states of all parts of this process, of any thread, for log, readiness and metrics. */
import { assertNever } from '../../domain/decider.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { PartReport, PartStatus, Telemetry } from '../../ports/telemetry.ts';

/** No service has this many parts. The bound keeps a defect that invents names from filling the memory. */
const MAX_PARTS = 256;
/** How often the log repeats that a part has failed, in ms. */
const REMIND_MS = 60_000;
/** How often, in ms, new figures of an unchanged state go to the collecting thread. */
const FORWARD_MS = 1_000;

export interface TelemetryCollector extends Telemetry {
  /** Stops the reminders. */
  stop(): void;
}

interface Known {
  report: PartReport;
  /** Whether it has been up before the newest change of its state. */
  readonly wasUp: boolean;
  reminder?: NodeJS.Timeout | undefined;
}

/**
 * Every change of a part's state is one line of the log; a failed part is an error line once a minute until it is well.
 */
export function collectTelemetry(logger: Logger, clock: Clock): TelemetryCollector {
  const known = new Map<string, Known>();
  let stopped = false;

  const remind = (part: string): NodeJS.Timeout =>
    setInterval(() => {
      const report = known.get(part)?.report;
      if (report !== undefined) logger.error(fieldsOf(report), 'a part has failed and needs a person');
    }, REMIND_MS).unref();

  return {
    report(part, status) {
      const before = known.get(part);
      if (stopped || (before === undefined && known.size >= MAX_PARTS)) return;
      const isSame = before?.report.state === status.state;
      const since = isSame ? before.report.since : new Date(clock.now()).toISOString();
      const report = { ...status, part, since };
      if (isSame) {
        before.report = report;
        return;
      }
      clearInterval(before?.reminder);
      const wasUp = before !== undefined && (before.wasUp || before.report.state === 'up');
      known.set(part, { report, wasUp, reminder: status.state === 'failed' ? remind(part) : undefined });
      logChange(logger, { ...before, wasUp }, report);
    },
    parts: () => [...known.values()].map(({ report }) => report),
    stop() {
      stopped = true;
      for (const { reminder } of known.values()) clearInterval(reminder);
    },
  };
}

function logChange(logger: Logger, { report: before, wasUp }: Partial<Known>, report: PartReport): void {
  const fields = fieldsOf(report);
  switch (report.state) {
    case 'up': {
      // At a normal start that is one line for each part, and says nothing beyond "listening".
      if (!wasUp && (before === undefined || before.state === 'catchingUp')) logger.debug(fields, 'part is up');
      else logger.info(fields, 'part is up again');
      break;
    }
    case 'catchingUp':
      // Every part starts in this state, and most leave it at once.
      if (before === undefined) logger.debug(fields, 'part starts');
      else logger.info(fields, 'part is catching up');
      break;
    case 'waiting':
      logger.warn(fields, 'part is waiting');
      break;
    case 'failed':
      logger.error(fields, 'part has failed');
      break;
    default:
      assertNever(report.state);
  }
}

function fieldsOf({ part, state, since, detail, lagEvents }: PartReport): object {
  return { part, state, since, detail, lagEvents };
}

/**
 * The telemetry of a thread: passes reports on to the thread that collects them. A change of state goes at once;
 * figures alone go once a second, and the newest ones always arrive.
 */
export function forwardTelemetry(send: (part: string, status: PartStatus) => void): Pick<Telemetry, 'report'> {
  const sent = new Map<string, PartStatus>();
  const waiting = new Map<string, PartStatus>();

  const forward = (part: string, status: PartStatus): void => {
    waiting.delete(part);
    sent.set(part, status);
    send(part, status);
  };

  const flush = (): void => {
    for (const [part, newest] of waiting) forward(part, newest);
  };

  return {
    report(part, status) {
      const last = sent.get(part);
      if (last?.state !== status.state || last.detail !== status.detail) return forward(part, status);
      if (last.lagEvents === status.lagEvents && last.lagSeconds === status.lagSeconds)
        return void waiting.delete(part);
      if (waiting.size === 0) setTimeout(flush, FORWARD_MS).unref();
      waiting.set(part, status);
    },
  };
}
