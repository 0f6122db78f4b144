/** The part that answers requests. It can run alone, or beside projector and worker in one process. */
import { listenOn } from '../api/http/listen.ts';
import { buildApi } from '../api/server.ts';
import { serviceUrl } from '../cli/call.ts';
import { CommandFailed, exitCodes } from '../cli/exit-codes.ts';
import type { Config } from '../config.ts';
import { appDirectory } from '../domain/apps.ts';
import { zonedTime } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import type { TokenVerifier } from '../ports/token-verifier.ts';
import { msgIds } from './msg-ids.ts';
import type { Part } from './part.ts';

export interface ApiRoleDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly tokens: TokenVerifier;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly telemetry: Pick<Telemetry, 'parts'>;
  /** Name of this process among all that make msgIds (`msg-ids.ts`). */
  readonly node: string;
  readonly config: Pick<Config, 'apps' | 'host' | 'port' | 'timeZone' | 'maxSkewMs' | 'maxBodyBytes'>;
}

export interface ApiRole extends Part {
  /** The first address at which it listens, as it is bound: `http://0.0.0.0:8080`. */
  readonly url: string;
  /** A name such as localhost may have several addresses. */
  readonly urls: readonly string[];
  /** URL at which this machine reaches it, even if `url` means all addresses of the machine. */
  readonly localUrl: string;
}

/** @throws CommandFailed when it can't listen where the configuration says */
export async function startApi({ config, node, tokens, ...deps }: ApiRoleDeps): Promise<ApiRole> {
  const time = zonedTime(config.timeZone);
  const { maxSkewMs, maxBodyBytes } = config;
  const api = buildApi({
    ...deps,
    tokens,
    time,
    apps: appDirectory(config.apps),
    nextMsgId: msgIds(time, deps.clock, node),
    limits: { maxSkewMs, maxBodyBytes },
  });
  const [bound, ...more] = await listen(api, config).catch(async (error: unknown) => {
    await api.close();
    throw error;
  });
  return {
    url: bound.url,
    urls: [bound, ...more].map(({ url }) => url),
    localUrl: serviceUrl({ host: bound.address, port: bound.port }),
    async stop(graceMs) {
      // Requests that have not ended by then are cut off. Accepted messages are durable already.
      const cut = setTimeout(() => api.server.closeAllConnections(), graceMs);
      await api.close();
      clearTimeout(cut);
    },
  };
}

async function listen(api: ReturnType<typeof buildApi>, { host, port }: Pick<Config, 'host' | 'port'>) {
  try {
    return await listenOn(api, { host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === undefined ? undefined : cannotListen[code];
    if (reason === undefined) throw error;
    const hint = 'set UMS_HOST or UMS_PORT';
    throw new CommandFailed(exitCodes.unavailable, `can't listen on ${host}:${port} (${code}): ${reason}; ${hint}`);
  }
}

/** Why an address can't be listened on, by the system's error code. */
const cannotListen: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has it',
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: "the address is not this machine's",
  ENOTFOUND: 'no address is known for this host',
  EAI_AGAIN: 'the name server does not answer',
};
