/** The API over a real embedded backend with its projections running; time, tokens and apps as a test wants them. */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import type { ApiDeps } from '../../src/api/http/deps.ts';
import { signatureOf, withoutSpace } from '../../src/api/http/signature.ts';
import { buildApi } from '../../src/api/server.ts';
import { type App, appDirectory } from '../../src/domain/apps.ts';
import { type MsgIdState, nextMsgId, noMsgId, sourceOf } from '../../src/domain/msg-id.ts';
import { zonedTime } from '../../src/domain/time.ts';
import { DeadlineExceeded } from '../../src/ports/errors.ts';
import type { TokenVerifier } from '../../src/ports/token-verifier.ts';
import { startProjections } from '../../src/projections/index.ts';
import { openTestBackend, type TestBackend } from './embedded.ts';

const credentials = { appKey: 'provider-key', masterSecret: 'provider-secret' };

/** Two packages; the speaker has no JPush. */
export const phoneApp: App = {
  appId: 'MB-DEMO-0000',
  appKey: '504f37c39bb062a789b28598fe94d9d8',
  kind: 'terminal',
  packages: [
    { appPackage: 'com.example.phone', jpush: credentials },
    { appPackage: 'com.example.fridge', jpush: credentials },
    { appPackage: 'com.example.speaker' },
  ],
};
/** One package. */
export const tabletApp: App = {
  appId: 'MB-DEMO-0001',
  appKey: 'b1946ac92492d2347c6235b4d2611184',
  kind: 'terminal',
  packages: [{ appPackage: 'com.example.tablet', jpush: credentials }],
};
export const cloudApp: App = { appId: 'SV-DEMO-0000', appKey: 'cloud-key', kind: 'cloud', packages: [] };

/** Tokens of tests: `user:<userId>`, `user:<userId>@<clientId>`, `expired`, `away`; anything else is none. */
const testTokens: TokenVerifier = {
  async verify(token) {
    if (token === 'expired') return { type: 'expired' };
    if (token === 'away') throw new DeadlineExceeded('the introspection endpoint is silent');
    const [, userId, clientId] = /^user:([^@]+)(?:@(.+))?$/.exec(token) ?? [];
    return userId === undefined ? { type: 'invalid' } : { type: 'verified', token: { userId, clientId } };
  },
  close: async () => undefined,
};

export interface CallOptions {
  /** Sent as it is when text, as JSON otherwise. */
  readonly body?: unknown;
  readonly app?: App;
  readonly clientId?: string;
  /** The token of this user. */
  readonly user?: string | undefined;
  /** Overrides, or with `undefined` leaves out, single headers. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly query?: string;
}

export interface Envelope {
  // biome-ignore lint/suspicious/noExplicitAny: the tests check the data of answers
  readonly data: any;
  readonly retCode: string;
  readonly retInfo: string;
}

export interface TestAnswer extends Envelope {
  readonly status: number;
  readonly text: string;
  readonly headers: LightMyRequestResponse['headers'];
}

export interface TestApi {
  readonly app: FastifyInstance;
  readonly deps: ApiDeps;
  readonly backend: TestBackend;
  /** Lines of the log, parsed. */
  readonly lines: Record<string, unknown>[];
  /** Signs and sends to `/ums/v2/<name>`. */
  call(name: string, options?: CallOptions): Promise<TestAnswer>;
  /** The same to another server. */
  callOn(app: FastifyInstance, name: string, options?: CallOptions): Promise<TestAnswer>;
  /** Registers a phone, for a user if one is named. */
  register(clientId: string, more?: Record<string, unknown>): Promise<TestAnswer>;
  close(): Promise<void>;
}

export type DepsOverride = Partial<Omit<ApiDeps, 'limits'>> & { readonly limits?: Partial<ApiDeps['limits']> };

/** @param override may wrap the real ports */
export async function openTestApi(override: (deps: ApiDeps) => DepsOverride = () => ({})): Promise<TestApi> {
  const backend = await openTestBackend();
  const { log, documents, leases } = backend.backend;
  const silent = pino({ enabled: false });
  const runners = await startProjections({ log, documents, leases, logger: silent });
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const base = baseDeps({ log, documents, logger });
  const changed = override(base);
  const deps: ApiDeps = { ...base, ...changed, limits: { ...base.limits, ...changed.limits } };
  const app = buildApi(deps);
  await app.ready();

  const call = (name: string, options: CallOptions = {}) => callOn(app, name, options);
  return {
    app,
    deps,
    backend,
    lines,
    call,
    callOn,
    register(clientId, more = {}) {
      const { userId } = more as { userId?: string };
      const body = { clientId, pushId: `push-${clientId}`, deviceType: '01', collab3th: 0, ...more };
      return call('register', { clientId, body: { appPackage: 'com.example.phone', ...body }, user: userId });
    },
    async close() {
      await app.close();
      await Promise.all(runners.map((runner) => runner.stop()));
      await backend.close();
    },
  };
}

function baseDeps(ports: Pick<ApiDeps, 'log' | 'documents' | 'logger'>): ApiDeps {
  const time = zonedTime('Asia/Shanghai');
  const source = sourceOf('test');
  let ids: MsgIdState = noMsgId;
  return {
    ...ports,
    tokens: testTokens,
    apps: appDirectory([phoneApp, tabletApp, cloudApp]),
    clock: { now: () => Date.now() },
    time,
    nextMsgId() {
      const next = nextMsgId(ids, { now: Date.now(), random: Math.random(), source, time });
      ids = next.state;
      return next.id;
    },
    telemetry: { parts: () => [] },
    limits: { maxSkewMs: 600_000, maxBodyBytes: 131_072 },
  };
}

/** The headers of a signed request. */
export function signedHeaders(
  path: string,
  payload: string,
  { app = phoneApp, clientId = 'client-1', user, headers = {} }: CallOptions = {},
): Record<string, string> {
  const timestamp = headers.timestamp ?? String(Date.now());
  const parts = { path, body: withoutSpace(payload), appId: app.appId, appKey: app.appKey, timestamp };
  const all: Record<string, string | undefined> = {
    host: 'localhost',
    'content-type': 'application/json',
    appId: app.appId,
    clientId,
    accessToken: user === undefined ? undefined : `user:${user}`,
    timestamp,
    sign: signatureOf(parts),
    ...headers,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function callOn(app: FastifyInstance, name: string, options: CallOptions = {}): Promise<TestAnswer> {
  const path = name.startsWith('/') ? name : `/ums/v2/${name}`;
  const { body = {}, query = '' } = options;
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = signedHeaders(path, payload, options);
  const response = await app.inject({ method: 'POST', url: path + query, headers, payload });
  return {
    status: response.statusCode,
    text: response.body,
    headers: response.headers,
    ...(JSON.parse(response.body) as Envelope),
  };
}
