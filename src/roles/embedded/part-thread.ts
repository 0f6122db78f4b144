/** The thread of one part of an embedded service, so that its work does not wait between requests. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attachEmbedded, type EmbeddedOptions } from '../../backends/embedded/index.ts';
import type { LogLevel } from '../../config.ts';
import type { App } from '../../domain/apps.ts';
import { decodeEvent, encodeEvent } from '../../domain/codec.ts';
import { systemClock } from '../../ports/clock.ts';
import { type CarriedError, carry, isPortable } from '../../ports/errors.ts';
import type { PartStatus } from '../../ports/telemetry.ts';
import { threadLogger } from '../process/logging.ts';
import { forwardTelemetry } from '../process/telemetry.ts';
import { startProjector } from '../projector.ts';
import { startWorker } from '../worker.ts';

const parts = { projector: startProjector, worker: startWorker } as const;

export type PartName = keyof typeof parts;

export interface PartStart {
  readonly part: PartName;
  readonly port: MessagePort;
  readonly store: Omit<EmbeddedOptions, 'codec'>;
  readonly apps: readonly App[];
  readonly jpushUrl: string;
  readonly logLevel: LogLevel;
}

export type ToPart = { readonly type: 'stop'; readonly graceMs: number };

export type FromPart =
  | { readonly type: 'started' }
  /** Sent instead of `started`. The thread then ends. */
  | { readonly type: 'failed'; readonly error: CarriedError }
  | { readonly type: 'log'; readonly line: string }
  | { readonly type: 'telemetry'; readonly part: string; readonly status: PartStatus };

/** By how much this thread lowers its priority: callers that wait for an answer come first. */
const NICENESS = 5;

/** Threads have priorities of their own on Linux only; elsewhere this one competes like any other. */
function stepBack(): void {
  try {
    const [, , thread] = readlinkSync('/proc/thread-self').split('/');
    setPriority(Number(thread), NICENESS);
  } catch {
    // The file is missing, or the change is not allowed. That only costs some speed.
  }
}

async function run(parent: MessagePort, start: PartStart): Promise<void> {
  stepBack();
  const { apps, jpushUrl } = start;
  const tell = (message: FromPart): void => parent.postMessage(message);
  const logger = threadLogger(start.logLevel, (line) => tell({ type: 'log', line }));
  const ports = attachEmbedded(start.port, { ...start.store, codec: { encode: encodeEvent, decode: decodeEvent } });
  const telemetry = forwardTelemetry((part, status) => tell({ type: 'telemetry', part, status }));
  const part = await parts[start.part]({ ...ports, clock: systemClock, logger, telemetry, apps, jpushUrl });
  parent.once('message', async ({ graceMs }: ToPart) => {
    await part.stop(graceMs);
    await ports.close();
    parent.close();
  });
  tell({ type: 'started' });
}

if (parentPort !== null) {
  try {
    await run(parentPort, workerData as PartStart);
  } catch (error) {
    // An error that ends a thread would lose its class on the way.
    if (!isPortable(error)) throw error;
    parentPort.postMessage({ type: 'failed', error: carry(error, 'StoreUnavailable') } satisfies FromPart);
    process.exit();
  }
}
