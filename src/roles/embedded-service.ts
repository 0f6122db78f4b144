/** The embedded backend with its background thread, as `ums serve` runs it. */
import { Worker } from 'node:worker_threads';
import type { EmbeddedBackend } from '../backends/embedded/index.ts';
import type { Config } from '../config.ts';
import type { BackgroundStart, FromBackground, ToBackground } from './background-thread.ts';
import type { ProcessLog } from './logging.ts';
import { openStore, storeFault, storeOptions } from './store.ts';

/** Of the background thread: most of what it makes lives for one batch, and is cheaper to drop before it grows old. */
const YOUNG_GENERATION_MB = 96;

export interface EmbeddedService {
  readonly backend: EmbeddedBackend;
  /** Settles when a thread died by itself. */
  readonly failed: Promise<Error>;
  /** Finishes what is at hand within the grace, then closes the file. */
  stop(graceMs: number): Promise<void>;
}

/** @throws CommandFailed when there is something about the file (`store.ts`) */
export async function startEmbeddedService(
  config: Config,
  jpushUrl: string,
  log: ProcessLog,
): Promise<EmbeddedService> {
  const backend = await openStore(config);
  const port = backend.connect('background');
  const start: BackgroundStart = {
    port,
    store: storeOptions(config),
    apps: config.apps,
    jpushUrl,
    logLevel: config.logLevel,
  };
  const worker = new Worker(new URL('./background-thread.ts', import.meta.url), {
    name: 'background',
    workerData: start,
    transferList: [port],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  let stopping = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const died = new Promise<Error>((resolve) => {
    worker.once('error', (error) => resolve(error as Error));
    worker.once('exit', (code) => {
      if (!stopping) resolve(new Error(`the background thread ended with code ${code}`));
    });
  });
  try {
    await Promise.race([started(worker, log), died.then((error) => Promise.reject(error))]);
  } catch (error) {
    await backend.close();
    throw storeFault(config, error);
  }

  return {
    backend,
    failed: Promise.race([died, backend.failed]),
    async stop(graceMs) {
      stopping = true;
      worker.postMessage({ type: 'stop', graceMs } satisfies ToBackground);
      await ended;
      await backend.close();
    },
  };
}

function started(worker: Worker, log: ProcessLog): Promise<void> {
  return new Promise((resolve) => {
    worker.on('message', (message: FromBackground) => {
      if (message.type === 'log') log.writeLine(message.line);
      else resolve();
    });
  });
}
