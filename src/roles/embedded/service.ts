/** The embedded backend with a thread for deliveries and one for the read models, as `ums serve` runs it. */
import { Worker } from 'node:worker_threads';
import type { EmbeddedBackend } from '../../backends/embedded/index.ts';
import type { Config } from '../../config.ts';
import { carried } from '../../ports/errors.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import { refuseNewerReadModels } from '../../projections/index.ts';
import type { ProcessLog } from '../process/logging.ts';
import type { FromPart, PartName, PartStart, ToPart } from './part-thread.ts';
import { openStore, storeFault, storeOptions } from './store.ts';

/**
 * Size of the young generation of a part's thread. Most of its objects live for one batch and are cheapest to drop
 * while young.
 */
const YOUNG_GENERATION_MB = 48;

export interface EmbeddedService {
  readonly backend: EmbeddedBackend;
  /** Resolves if a thread dies unasked. */
  readonly failed: Promise<Error>;
  /** Finishes running work within the grace period, then closes the file. */
  stop(graceMs: number): Promise<void>;
}

/** @throws CommandFailed if the file can't be used (`store.ts`) */
export async function startEmbeddedService(
  config: Config,
  jpushUrl: string,
  log: ProcessLog,
  telemetry: Telemetry,
): Promise<EmbeddedService> {
  const backend = await openStore(config);
  const threads: PartThread[] = [];
  const start = async (part: PartName): Promise<void> => {
    const thread = startPart({
      part,
      port: backend.connect('background'),
      store: storeOptions(config),
      apps: config.apps,
      jpushUrl,
      logLevel: config.logLevel,
    });
    threads.push(thread);
    await thread.started(log, telemetry);
  };
  try {
    await refuseNewerReadModels(backend.documents);
    // The parts start one after the other, since deliveries read the read models.
    await start('projector');
    await start('worker');
  } catch (error) {
    await Promise.all(threads.map((thread) => thread.stop(0)));
    await backend.close();
    throw storeFault(config, error);
  }

  return {
    backend,
    failed: Promise.race([...threads.map(({ died }) => died), backend.failed]),
    async stop(graceMs) {
      // Stops in reverse order, so that the last deliveries get into the read models as well.
      for (const thread of threads.toReversed()) await thread.stop(graceMs);
      await backend.close();
    },
  };
}

interface PartThread {
  /** Resolves if the thread ends unasked. */
  readonly died: Promise<Error>;
  /** @throws the error that has prevented the start */
  started(log: ProcessLog, telemetry: Telemetry): Promise<void>;
  /** Stops the thread. Returns at once if it has ended already. */
  stop(graceMs: number): Promise<void>;
}

function startPart(start: PartStart): PartThread {
  const worker = new Worker(new URL('./part-thread.ts', import.meta.url), {
    name: start.part,
    workerData: start,
    transferList: [start.port],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
  });
  let stopping = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const died = new Promise<Error>((resolve) => {
    worker.once('error', (error) => resolve(error as Error));
    worker.once('exit', (code) => {
      if (!stopping) resolve(new Error(`the ${start.part} thread ended with code ${code}`));
    });
  });
  return {
    died,
    async started(log, telemetry) {
      const started = new Promise<void>((resolve, reject) => {
        worker.on('message', (message: FromPart) => {
          switch (message.type) {
            case 'log':
              return log.writeLine(message.line);
            case 'telemetry':
              return telemetry.report(message.part, message.status);
            case 'failed':
              return reject(carried(message.error));
            case 'started':
              return resolve();
          }
        });
      });
      await Promise.race([started, died.then((error) => Promise.reject(error))]);
    },
    async stop(graceMs) {
      stopping = true;
      worker.postMessage({ type: 'stop', graceMs } satisfies ToPart);
      await ended;
    },
  };
}
