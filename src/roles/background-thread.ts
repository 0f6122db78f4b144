/** The thread that runs the background of an embedded service, so that its work does not wait between requests. */
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attachEmbedded, type EmbeddedOptions } from '../backends/embedded/index.ts';
import type { LogLevel } from '../config.ts';
import type { App } from '../domain/apps.ts';
import { decodeEvent, encodeEvent } from '../domain/codec.ts';
import { systemClock } from '../ports/clock.ts';
import { startBackground } from './background.ts';
import { threadLogger } from './logging.ts';

export interface BackgroundStart {
  readonly port: MessagePort;
  readonly store: Omit<EmbeddedOptions, 'codec'>;
  readonly apps: readonly App[];
  readonly jpushUrl: string;
  readonly logLevel: LogLevel;
}

export type ToBackground = { readonly type: 'stop'; readonly graceMs: number };

export type FromBackground = { readonly type: 'started' } | { readonly type: 'log'; readonly line: string };

/** How much this thread steps back for the others: whoever waits for an answer comes first. */
const NICENESS = 5;

/** Threads have priorities of their own on Linux only; elsewhere this one competes like any other. */
function stepBack(): void {
  try {
    const [, , thread] = readlinkSync('/proc/thread-self').split('/');
    setPriority(Number(thread), NICENESS);
  } catch {
    // No such file here, or not allowed: nothing is lost but some speed.
  }
}

async function run(parent: MessagePort, { port, store, apps, jpushUrl, logLevel }: BackgroundStart): Promise<void> {
  stepBack();
  const tell = (message: FromBackground): void => parent.postMessage(message);
  const logger = threadLogger(logLevel, (line) => tell({ type: 'log', line }));
  const ports = attachEmbedded(port, { ...store, codec: { encode: encodeEvent, decode: decodeEvent } });
  const background = await startBackground({ ...ports, clock: systemClock, logger, apps, jpushUrl });
  parent.once('message', async ({ graceMs }: ToBackground) => {
    await background.stop(graceMs);
    await ports.close();
    parent.close();
  });
  tell({ type: 'started' });
}

if (parentPort !== null) await run(parentPort, workerData as BackgroundStart);
