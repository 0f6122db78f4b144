/** `ums serve`: everything in one process. */

import { setImmediate as turn } from 'node:timers/promises';
import { listenOn } from '../api/http/listen.ts';
import { buildApi } from '../api/server.ts';
import { createTokenVerifier } from '../backends/tokens/index.ts';
import { serviceUrl } from '../cli/call.ts';
import { CommandFailed, exitCodes } from '../cli/exit-codes.ts';
import type { Config } from '../config.ts';
import { appDirectory } from '../domain/apps.ts';
import { zonedTime } from '../domain/time.ts';
import { systemClock } from '../ports/clock.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { takeDataFolder } from './embedded/data-folder.ts';
import { type EmbeddedService, startEmbeddedService } from './embedded/service.ts';
import { embeddedNode, msgIds } from './msg-ids.ts';
import { openLog, type ProcessLog } from './process/logging.ts';
import { Releases } from './process/releases.ts';
import { stopSignal } from './process/stop-signal.ts';
import { collectTelemetry } from './process/telemetry.ts';
import { startLookAlike, startVirtualTerminals } from './sandbox.ts';

/** How long a delivery may go on after a signal. All in all the process ends within 10 s. */
const DELIVERY_GRACE_MS = 4_000;
const API_GRACE_MS = 2_500;
/** A second less, which the log's last words may take. */
const FORCE_AFTER_MS = 8_900;

/**
 * Runs until a signal, or until something that it can't do without fails.
 * @param onHearing called once signals are heard here
 */
export async function serve(config: Config, onHearing: () => void): Promise<void> {
  // Loading blocks: a signal that came meanwhile ends the process here, before it holds anything.
  await turn();
  const stop = stopSignal();
  onHearing();
  const log = openLog(config.logLevel);
  const releases = new Releases();
  // A start can take long, too.
  void stop.asked.then(() => forceExit(log));
  try {
    const service = await start(config, log, releases);
    const reason = await Promise.race([stop.asked, service.failed]);
    if (reason instanceof Error) {
      log.logger.fatal({ err: reason }, 'stopping, a part of the service failed');
      process.exitCode = exitCodes.failed;
      forceExit(log);
    } else log.logger.info({ signal: reason }, 'stopping');
  } finally {
    await releases.all().finally(() => log.end());
  }
}

/** Starts the parts in order, each with what undoes it. */
async function start(config: Config, log: ProcessLog, releases: Releases): Promise<EmbeddedService> {
  const letGo = takeDataFolder(config.dataDir);
  releases.add(async () => letGo());

  const lookAlike = config.sandbox ? await startLookAlike(config) : undefined;
  if (lookAlike !== undefined) releases.add(() => lookAlike.close());

  const telemetry = collectTelemetry(log.logger, systemClock);
  releases.add(async () => telemetry.stop());
  const service = await startEmbeddedService(config, lookAlike?.url ?? config.jpushUrl, log, telemetry);
  releases.add(() => service.stop(DELIVERY_GRACE_MS));

  const url = await listen(config, service, log, telemetry, releases);
  if (lookAlike !== undefined) {
    const terminals = await startVirtualTerminals(config, lookAlike, url, log);
    releases.add(() => terminals.close());
  }
  return service;
}

async function listen(
  config: Config,
  { backend }: EmbeddedService,
  log: ProcessLog,
  telemetry: Telemetry,
  releases: Releases,
): Promise<string> {
  const tokens = createTokenVerifier(config.token, systemClock);
  releases.add(() => tokens.close());
  const time = zonedTime(config.timeZone);
  const api = buildApi({
    log: backend.log,
    documents: backend.documents,
    tokens,
    apps: appDirectory(config.apps),
    clock: systemClock,
    time,
    nextMsgId: msgIds(time, systemClock, embeddedNode(config.dataDir)),
    logger: log.logger,
    telemetry,
    limits: { maxSkewMs: config.maxSkewMs, maxBodyBytes: config.maxBodyBytes },
  });
  releases.add(async () => {
    // Who has not finished by then is cut off; what was accepted is durable already.
    const cut = setTimeout(() => api.server.closeAllConnections(), API_GRACE_MS);
    await api.close();
    clearTimeout(cut);
  });
  const [bound, ...more] = await listening(api, config);
  for (const { url } of [bound, ...more]) log.announce({ url, dataDir: config.dataDir }, `listening on ${url}`);
  return serviceUrl({ host: bound.address, port: bound.port });
}

async function listening(api: ReturnType<typeof buildApi>, { host, port }: Config) {
  try {
    return await listenOn(api, { host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' || code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new CommandFailed(
        exitCodes.unavailable,
        `can't listen on ${host}:${port} (${code}): another program has it, or it is not this machine's; set UMS_HOST or UMS_PORT`,
      );
    throw error;
  }
}

function forceExit(log: ProcessLog): void {
  setTimeout(() => {
    log.logger.error({}, 'cut off what did not finish in time');
    log.end();
  }, FORCE_AFTER_MS).unref();
}
