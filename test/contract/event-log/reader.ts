/** Readers that subscribe in the background, and are stopped with their test. */
import { onTestFinished } from 'vitest';
import type { Position } from '../../../src/domain/position.ts';
import type { EventLog, LogFilter, RecordedEvent } from '../../../src/ports/event-log.ts';

export interface Reader {
  readonly events: RecordedEvent[];
  caughtUp(): boolean;
  /** The events until the reader had first caught up, with the batch that said so. */
  beforeCaughtUp(): readonly RecordedEvent[];
  /** The error of the subscription, once it has failed. */
  failure(): Error | undefined;
  /** Aborts and waits for the end. */
  stop(): Promise<void>;
}

/** Reads along in the background; `hold` is awaited after each batch. */
export function read(log: EventLog, after: Position, filter: LogFilter, hold?: () => Promise<void>): Reader {
  const abort = new AbortController();
  const events: RecordedEvent[] = [];
  let countAtCaughtUp: number | undefined;
  let failure: Error | undefined;
  const ended = (async () => {
    for await (const batch of log.subscribe(after, filter, abort.signal)) {
      events.push(...batch.events);
      if (batch.caughtUp) countAtCaughtUp ??= events.length;
      await hold?.();
    }
  })();
  const failed = ended.catch((error: Error) => {
    failure = error;
  });
  onTestFinished(async () => {
    abort.abort();
    await failed;
  });
  return {
    events,
    caughtUp: () => countAtCaughtUp !== undefined,
    failure: () => failure,
    beforeCaughtUp: () => events.slice(0, countAtCaughtUp),
    async stop() {
      abort.abort();
      await ended;
    },
  };
}
