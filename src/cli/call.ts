/** `ums call`: signs a request as one of the apps, mints a token for a user, sends it, prints the answer. */
import { randomUUID } from 'node:crypto';
import { callUms, mintToken } from '../client/client.ts';
import type { DraftConfig } from '../config.ts';
import type { App } from '../domain/apps.ts';
import { CommandFailed, exitCodes } from './exit-codes.ts';

export interface CallOptions {
  readonly app?: string;
  readonly client?: string;
  readonly user?: string;
  readonly sequence?: string;
  readonly url?: string;
}

/** Where the answer goes. */
export interface Output {
  readonly isTerminal: boolean;
  answer(text: string): void;
  note(text: string): void;
}

const standardOutput: Output = {
  isTerminal: process.stdout.isTTY === true,
  answer: (text) => void process.stdout.write(text),
  note: (text) => void process.stderr.write(text),
};

/** Longer than the service works on any request. */
const TIMEOUT_MS = 15_000;

/**
 * @returns the exit code: 0 when the answer's retCode is 00000, else 1
 * @throws CommandFailed when the request can't be sent or nobody answers
 */
export async function call(
  config: DraftConfig,
  path: string,
  body: string,
  options: CallOptions,
  output = standardOutput,
): Promise<number> {
  if (!/^\/(?!\/)/.test(path)) throw new CommandFailed(exitCodes.usage, `the path must start with one slash: ${path}`);
  const url = options.url ?? serviceUrl(config);
  const client = options.client ?? (path.startsWith('/ums/') ? 'cli' : undefined);
  const token = options.user === undefined ? undefined : await tokenFor(config, options.user, client);
  const answer = await send({
    url,
    app: callingApp(config.apps, path, options.app),
    path,
    body,
    ...(client !== undefined && { clientId: client }),
    ...(token !== undefined && { token }),
    sequenceId: options.sequence ?? randomUUID().replaceAll('-', ''),
    timeoutMs: TIMEOUT_MS,
  });
  if (answer.status !== 200) output.note(`HTTP ${answer.status}\n`);
  const parsed = parse(answer.text);
  // Programs get the text as it came: numbers keep their digits.
  const pretty = output.isTerminal && parsed !== undefined;
  output.answer(`${pretty ? JSON.stringify(parsed, null, 2) : answer.text}\n`);
  if (parsed?.retCode === 'D00003' && options.user === undefined)
    output.note('ums: no user is logged in: --user ID says who it is, and a token is made\n');
  return parsed?.retCode === '00000' ? 0 : exitCodes.failed;
}

async function send(request: Parameters<typeof callUms>[0]): Promise<{ status: number; text: string }> {
  try {
    return await callUms(request);
  } catch (error) {
    const why = reason(error);
    if (UNSENDABLE.has(why)) {
      throw new CommandFailed(exitCodes.usage, 'the URL, or a value that goes into a header, can not be sent');
    }
    const hint = 'is the service running? "npm start" runs it';
    throw new CommandFailed(exitCodes.unavailable, `no answer from ${request.url} (${why}): ${hint}`);
  }
}

/** Codes of the client for a request that was not sent. */
const UNSENDABLE: ReadonlySet<string> = new Set(['UND_ERR_INVALID_ARG', 'ERR_INVALID_URL']);

/** Text of the innermost cause, which says what happened. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reason(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

function parse(text: string): { retCode?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** URL at which this machine reaches a service with this configuration. */
export function serviceUrl({ host, port }: Pick<DraftConfig, 'host' | 'port'>): string {
  if (port === 0) throw new CommandFailed(exitCodes.usage, 'UMS_PORT is 0: --url has to say where the service listens');
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function callingApp(apps: readonly App[], path: string, appId: string | undefined): App {
  const kind = path.startsWith('/umse/') ? 'cloud' : 'terminal';
  const app = apps.find((one) => (appId === undefined ? one.kind === kind : one.appId === appId));
  if (app !== undefined) return app;
  throw new CommandFailed(
    exitCodes.usage,
    appId === undefined ? `the apps file has no ${kind} app` : `the apps file has no app ${appId}`,
  );
}

async function tokenFor(config: DraftConfig, user: string, clientId: string | undefined): Promise<string> {
  const { token, dataDir } = config;
  if (token === undefined) {
    const hint = 'start the service first ("npm start"), or set UMS_TOKEN_SECRET as the service has it';
    throw new CommandFailed(exitCodes.unavailable, `no token secret in ${dataDir} yet: ${hint}`);
  }
  if (token.type !== 'secret') {
    const why = `tokens are checked by ${token.type}, and only their issuer can make one`;
    throw new CommandFailed(exitCodes.usage, `--user needs a token secret: ${why}`);
  }
  return mintToken(token.secret, user, clientId === undefined ? {} : { clientId });
}
