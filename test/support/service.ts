/** The real service as a process, with a data folder and a JPush look-alike that outlive it. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from '../../src/domain/apps.ts';
import { type JPush, type JPushSettings, startJPush } from '../../src/sandbox/jpush/server.ts';
import { jpushAppsOf } from './flow-apps.ts';
import { type UmsClient, umsClient } from './http.ts';
import { type Ended, startUms, type UmsEnv, type UmsProcess } from './ums-process.ts';
import { until } from './until.ts';

/** A busy machine takes its time to start a process. */
const START_MS = 90_000;

/** Every message of a test has it in its content, so that it can be looked for where content must not be. */
export const CONTENT_MARK = 'content-that-no-log-may-have';

export interface ServiceOptions {
  readonly apps: readonly App[];
  readonly jpush?: Partial<JPushSettings>;
  readonly env?: UmsEnv;
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string };

export interface Service {
  readonly dataDir: string;
  readonly jpush: JPush;
  readonly client: UmsClient;
  /** The environment that the process is started with. */
  readonly env: UmsEnv;
  readonly url: string;
  readonly port: number;
  readonly process: UmsProcess;
  /** Whether the process is up, by its own word. */
  readonly running: boolean;
  /** Starts it again on the same folder. @param env on top of the first one */
  start(env?: UmsEnv): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<Ended>;
  /** SIGKILL. */
  kill(): Promise<Ended>;
  /** Lines of the logs of all its lives that are JSON. */
  log(): LogLine[];
  /** Texts in the logs that must not be there: secrets of the configuration and of the calls, the mark of content. */
  secretsInLogs(): Promise<string[]>;
  /** Stops the process and removes the folder. */
  close(): Promise<void>;
}

/** Starts look-alike and service. */
export async function startService({ apps, jpush: settings, env: more = {} }: ServiceOptions): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-flow-'));
  const tokenSecret = randomBytes(32).toString('hex');
  const dataDir = join(folder, 'data');
  const appsFile = join(folder, 'apps.json');
  await writeFile(appsFile, JSON.stringify({ apps }));
  const jpush = await startJPush({
    apps: jpushAppsOf(apps),
    adoptUnknown: true,
    callsPerMinute: Number.POSITIVE_INFINITY,
    ...settings,
  });
  const env: UmsEnv = {
    UMS_DATA: dataDir,
    UMS_APPS: appsFile,
    UMS_PORT: '0',
    UMS_JPUSH_URL: jpush.url,
    UMS_TOKEN_SECRET: tokenSecret,
    ...more,
  };
  let url = '';
  let running = false;
  let current: UmsProcess | undefined;
  const earlier: string[] = [];
  const client = umsClient({ url: () => url, tokenSecret });

  const output = (): string => [...earlier, current?.stdout() ?? '', current?.stderr() ?? ''].join('\n');

  const end = async (signal: NodeJS.Signals): Promise<Ended> => {
    if (current === undefined) throw new Error('not started');
    running = false;
    const ended = await current.end(signal);
    earlier.push(ended.stdout, ended.stderr);
    current = undefined;
    return ended;
  };

  const service: Service = {
    dataDir,
    jpush,
    client,
    env,
    get url() {
      return url;
    },
    get port() {
      return Number(new URL(url).port);
    },
    get process() {
      if (current === undefined) throw new Error('not started');
      return current;
    },
    get running() {
      return running;
    },
    async start(again = {}) {
      current = startUms(['serve'], { ...env, ...again });
      url = await listening(current);
      running = true;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    log: () => output().split('\n').flatMap(parsedLine),
    async secretsInLogs() {
      const text = output();
      const files = ['operator-token', 'content-key'].map((name) => readFile(join(dataDir, name), 'utf8'));
      const made = (await Promise.all(files)).map((secret) => secret.trim());
      const known = [tokenSecret, CONTENT_MARK, ...secretsOf(apps), ...client.secrets, ...made];
      return known.filter((secret) => text.includes(secret));
    },
    async close() {
      if (current !== undefined) await end('SIGKILL');
      await client.close();
      await jpush.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await service.start().catch(async (error: unknown) => {
    await service.close();
    throw error;
  });
  return service;
}

/** @returns the URL that the process says it listens on @throws when it ends instead, with its output */
async function listening(ums: UmsProcess): Promise<string> {
  let ended: Ended | undefined;
  void ums.ended.then((end) => {
    ended = end;
  });
  const ask = (): string | undefined => {
    if (ended !== undefined) throw new Error(`ums serve ended with ${ended.code}: ${ended.stderr}${ended.stdout}`);
    return /"url":"(http:[^"]+)"/.exec(ums.stdout())?.[1];
  };
  return until('the line that says "listening"', ask, { withinMs: START_MS });
}

function secretsOf(apps: readonly App[]): string[] {
  return apps.flatMap(({ appKey, packages }) => [
    appKey,
    ...packages.flatMap(({ jpush }) => (jpush === undefined ? [] : [jpush.masterSecret])),
  ]);
}

function parsedLine(line: string): LogLine[] {
  try {
    return line.startsWith('{') ? [JSON.parse(line) as LogLine] : [];
  } catch {
    return [];
  }
}
