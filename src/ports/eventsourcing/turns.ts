/**
 * Commands of one process on one stream take turns, so that they do not conflict with each other. Other processes may
 * still append in between; the expected revisions detect that.
 */
import type { StreamName } from '../../domain/streams.ts';
import type { EventLog } from '../event-log.ts';

/** How long a command waits for its turn, in ms. Then it goes ahead: while the store is away, waits must not add up. */
const MAX_WAIT_MS = 1_000;

/** For each log and stream, a promise that resolves when all earlier turns are over. */
const lines = new WeakMap<EventLog, Map<StreamName, Promise<void>>>();

export async function inTurn<R>(log: EventLog, stream: StreamName, work: () => Promise<R>): Promise<R> {
  const streams = lines.get(log) ?? new Map<StreamName, Promise<void>>();
  lines.set(log, streams);
  const before = streams.get(stream);
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const line = before === undefined ? done : before.then(() => done);
  streams.set(stream, line);
  try {
    if (before !== undefined) await within(before, MAX_WAIT_MS);
    return await work();
  } finally {
    resolve();
    if (streams.get(stream) === line) streams.delete(stream);
  }
}

async function within(wait: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([wait, late]);
  clearTimeout(timer);
}
