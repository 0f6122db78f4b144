/** The parts that `--sandbox` starts beside the service. */
import { join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { jpushAppsOf, type Sandbox, startSandbox } from '../sandbox/demo.ts';
import { type JPush, startJPush } from '../sandbox/jpush/server.ts';
import type { ProcessLog } from './process/logging.ts';

const REAL_JPUSH = 'https://api.jpush.cn';

/** Starts the JPush look-alike, unless the configuration names another JPush. */
export async function startLookAlike({ apps, jpushUrl }: Config): Promise<JPush | undefined> {
  return jpushUrl === REAL_JPUSH ? startJPush({ apps: jpushAppsOf(apps), adoptUnknown: true }) : undefined;
}

/** @param log the actions of the terminals are written between its lines */
export async function startVirtualTerminals(
  config: Config,
  jpush: JPush,
  apiUrl: string,
  log: Pick<ProcessLog, 'writeLine'>,
): Promise<Sandbox> {
  const print = (line: string): void => log.writeLine(`${line}\n`);
  const { apps, token } = config;
  const tokenSecret = token.type === 'secret' ? token.secret : undefined;
  const sandbox = await startSandbox({ jpush, apiUrl, apps, tokenSecret, print, variables: placesOf(config) });
  print(`\n${sandbox.firstSteps}`);
  return sandbox;
}

/** The variables that name the places of the data; none for places that commands use by default. */
function placesOf({ dataDir, appsFile }: Config): Record<string, string> {
  return {
    ...(dataDir !== resolve('data') && { UMS_DATA: dataDir }),
    ...(appsFile !== join(dataDir, 'apps.json') && { UMS_APPS: appsFile }),
  };
}
