/** `ums serve`: everything in one process. */

import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises';
import { createTokenVerifier } from '../backends/tokens/index.ts';
import { exitCodes } from '../cli/exit-codes.ts';
import type { Config } from '../config.ts';
import { systemClock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { type ApiRole, startApi } from './api.ts';
import { takeDataFolder } from './embedded/data-folder.ts';
import { type EmbeddedService, startEmbeddedService } from './embedded/service.ts';
import { embeddedNode } from './msg-ids.ts';
import { openLog, type ProcessLog } from './process/logging.ts';
import { Releases } from './process/releases.ts';
import { stopSignal } from './process/stop-signal.ts';
import { collectTelemetry } from './process/telemetry.ts';
import { startLookAlike, startVirtualTerminals } from './sandbox.ts';

/** How long a delivery may go on after a signal, in ms. All in all the process ends within 10 s. */
const DELIVERY_GRACE_MS = 4_000;
const API_GRACE_MS = 2_500;
/** The process is forced to end this many ms after a signal. The last second is for the log. */
const FORCE_AFTER_MS = 8_900;
/** How long a start may go on after a signal, in ms, so that it can be undone in order. */
const START_GRACE_MS = 500;

/**
 * Runs until a signal arrives, or until a part that it needs fails.
 * @param onHearing called once signals are handled here
 */
export async function serve(config: Config, onHearing: () => void): Promise<void> {
  // Loading modules blocks. A signal that has arrived meanwhile ends the process here, before it holds any resource.
  await turn();
  const stop = stopSignal();
  onHearing();
  const log = openLog(config.logLevel);
  const releases = new Releases();
  let stopping = false;
  void stop.asked.then((signal) => {
    stopping = true;
    log.logger.info({ signal }, 'stopping');
    forceExit(log);
  });
  try {
    const starting = start(config, log, releases);
    endUnlessStarted(starting, stop.asked, log);
    const service = await starting;
    const reason = await Promise.race([stop.asked, service.failed]);
    if (reason instanceof Error) {
      stopping = true;
      log.logger.fatal({ err: reason }, 'stopping, a part of the service failed');
      process.exitCode = exitCodes.failed;
      forceExit(log);
    }
  } finally {
    await releases.all().finally(() => {
      // A failed start reports itself.
      if (stopping) log.logger.info({}, 'stopped');
      log.end();
    });
  }
}

/**
 * A start can take long, on a busy machine or with a large file, and does not react to signals. So a short while after
 * a signal the process exits at once. Like `kill -9`, that loses nothing that was answered.
 */
function endUnlessStarted(starting: Promise<unknown>, asked: Promise<unknown>, log: ProcessLog): void {
  const settled = starting.then(
    () => true,
    () => true,
  );
  void asked.then(async () => {
    const started = await Promise.race([settled, wait(START_GRACE_MS, false, { ref: false })]);
    if (started) return;
    log.logger.info({}, 'stopped before it had started');
    process.exit();
  });
}

/** Starts the parts in order, and registers a release for each. */
async function start(config: Config, log: ProcessLog, releases: Releases): Promise<EmbeddedService> {
  const letGo = takeDataFolder(config.dataDir);
  releases.add(async () => letGo());

  const lookAlike = config.sandbox ? await startLookAlike(config) : undefined;
  if (lookAlike !== undefined) releases.add(() => lookAlike.close());

  const telemetry = collectTelemetry(log.logger, systemClock);
  releases.add(async () => telemetry.stop());
  const service = await startEmbeddedService(config, lookAlike?.url ?? config.jpushUrl, log, telemetry);
  releases.add(() => service.stop(DELIVERY_GRACE_MS));

  const api = await startEmbeddedApi(config, service, log, telemetry, releases);
  if (lookAlike !== undefined) {
    const terminals = await startVirtualTerminals(config, lookAlike, api.localUrl, log);
    releases.add(() => terminals.close());
  }
  return service;
}

async function startEmbeddedApi(
  config: Config,
  { backend }: EmbeddedService,
  { logger, announce }: ProcessLog,
  telemetry: Telemetry,
  releases: Releases,
): Promise<ApiRole> {
  const tokens = createTokenVerifier(config.token, systemClock);
  releases.add(() => tokens.close());
  const { log, documents } = backend;
  const node = embeddedNode(config.dataDir);
  const api = await startApi({ log, documents, tokens, clock: systemClock, logger, telemetry, node, config });
  releases.add(() => api.stop(API_GRACE_MS));
  for (const url of api.urls) announce({ url, dataDir: config.dataDir }, `listening on ${url}`);
  return api;
}

function forceExit(log: ProcessLog): void {
  setTimeout(() => {
    log.logger.error({}, 'cut off what did not finish in time');
    log.end();
  }, FORCE_AFTER_MS).unref();
}
