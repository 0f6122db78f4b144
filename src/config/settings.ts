/** The settings of the environment: names, defaults and rules of every variable (`README.md, Configuration`). */
import { resolve } from 'node:path';
import { z } from 'zod';
import { baseUrl, isTimeZone, plainUrl, url, whole } from './rules.ts';
import { variableFault } from './text.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type TokenConfig =
  | { readonly type: 'secret'; readonly secret: string }
  | { readonly type: 'jwks'; readonly url: string }
  | { readonly type: 'introspection'; readonly url: string };

export type BackendConfig =
  | { readonly type: 'embedded' }
  | {
      readonly type: 'distributed';
      readonly eventStoreDbUrl: string;
      readonly mongoDbUrl: string;
      readonly redisUrl: string;
    };

export interface Settings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Absolute, like `appsFile`. */
  readonly dataDir: string;
  readonly appsFile: string;
  /** If `undefined`, as with the next two, the secret is in the data folder. */
  readonly token: TokenConfig | undefined;
  readonly operatorToken: string | undefined;
  readonly contentKey: Buffer | undefined;
  /** Without a slash at its end. */
  readonly jpushUrl: string;
  readonly mqttUrl: string | undefined;
  readonly bindingUrl: string | undefined;
  readonly timeZone: string;
  readonly backend: BackendConfig;
  /** Requests per second and app; 0: no limit. */
  readonly rateLimit: number;
  readonly maxSkewMs: number;
  readonly maxBodyBytes: number;
  readonly contentTtlSeconds: number;
  readonly logLevel: LogLevel;
}

export const isTokenSecret = (text: string): boolean => Buffer.byteLength(text) >= 32;
export const isOperatorToken = (text: string): boolean => /^[!-~]+$/.test(text);
export const isContentKey = (text: string): boolean => /^[A-Za-z0-9+/]{43}=$/.test(text);

const MAX_SECONDS = 100 * 365 * 86_400;

const variables = z.object({
  UMS_HOST: z
    .string()
    .regex(/^[A-Za-z0-9._:%-]+$/, 'must be a host name or an IP address')
    .default('127.0.0.1'),
  UMS_PORT: whole(0, 65_535, 8080),
  UMS_DATA: z.string().default('./data'),
  UMS_APPS: z.string().optional(),
  UMS_TOKEN_SECRET: z.string().refine(isTokenSecret, 'must have at least 32 bytes').optional(),
  UMS_TOKEN_JWKS_URL: plainUrl('http', 'https').optional(),
  UMS_TOKEN_INTROSPECTION_URL: url('http', 'https').optional(),
  UMS_OPERATOR_TOKEN: z.string().refine(isOperatorToken, 'must be visible ASCII characters without spaces').optional(),
  UMS_CONTENT_KEY: z.string().refine(isContentKey, 'must be 32 bytes as base64').optional(),
  UMS_JPUSH_URL: baseUrl('http', 'https').default('https://api.jpush.cn'),
  UMS_MQTT_URL: url('mqtt', 'mqtts').optional(),
  UMS_BINDING_URL: plainUrl('http', 'https').optional(),
  UMS_TIME_ZONE: z.string().refine(isTimeZone, 'must be a time zone like Asia/Shanghai').default('Asia/Shanghai'),
  UMS_BACKEND: z.enum(['embedded', 'distributed'], 'must be embedded or distributed').default('embedded'),
  UMS_RATE_LIMIT: whole(0, 1_000_000, 0),
  // A huge one switches the check off in effect, to replay recorded requests.
  UMS_MAX_SKEW_MS: whole(1, Number.MAX_SAFE_INTEGER, 600_000),
  UMS_MAX_BODY_BYTES: whole(1024, 64 * 1024 * 1024, 131_072),
  UMS_CONTENT_TTL_SECONDS: whole(1, MAX_SECONDS, 2_592_000),
  UMS_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});
type Variables = z.output<typeof variables>;

const VERIFIERS = ['UMS_TOKEN_SECRET', 'UMS_TOKEN_JWKS_URL', 'UMS_TOKEN_INTROSPECTION_URL'] as const;

/** Several hosts in one URL are no URL to `new URL`, so these are held to their scheme only. */
const ENGINES = {
  EVENTSTOREDB_URL: { rule: /^(esdb|kurrentdb)(\+discover)?:\/\/\S+$/, like: 'esdb://host:2113' },
  MONGODB_URL: { rule: /^mongodb(\+srv)?:\/\/\S+$/, like: 'mongodb://host:27017' },
  REDIS_URL: { rule: /^rediss?:\/\/\S+$/, like: 'redis://host:6379' },
} as const;
type Engine = keyof typeof ENGINES;

/** Settings that come from a file in the data folder where no variable sets them. */
export type SecretName = 'token' | 'operatorToken' | 'contentKey';

export interface ReadSettings {
  /** `undefined` if there are faults. */
  readonly settings: Settings | undefined;
  /** The secrets that no variable gives, not even a wrong one. */
  readonly unset: readonly SecretName[];
  readonly dataDir: string;
  readonly appsFile: string;
  readonly faults: string[];
}

/** An empty variable counts as unset. Never throws: all faults are in the result, each with the variable's name. */
export function readSettings(env: NodeJS.ProcessEnv): ReadSettings {
  const set = Object.fromEntries(Object.entries(env).filter((entry) => entry[1] !== '' && !isServiceLink(...entry)));
  const dataDir = resolve(set.UMS_DATA ?? './data');
  const appsFile = resolve(set.UMS_APPS ?? `${dataDir}/apps.json`);
  const parsed = variables.safeParse(set);
  const texts = textFaults(set);
  const faults = [
    ...[...texts].map(([name, fault]) => `${name} ${fault}`),
    ...(parsed.error?.issues ?? [])
      // The fault of the text explains why the value does not fit.
      .filter(({ path }) => !texts.has(path.join('.')))
      .map(({ path, message }) => `${path.join('.')} ${message}`),
    ...verifierFaults(set),
    ...engineFaults(set),
  ];
  const settings = parsed.success && faults.length === 0 ? settingsOf(parsed.data, set, dataDir, appsFile) : undefined;
  return { settings, unset: unsetSecrets(set), dataDir, appsFile, faults };
}

function unsetSecrets(set: NodeJS.ProcessEnv): SecretName[] {
  const unset: SecretName[] = [];
  if (VERIFIERS.every((name) => set[name] === undefined)) unset.push('token');
  if (set.UMS_OPERATOR_TOKEN === undefined) unset.push('operatorToken');
  if (set.UMS_CONTENT_KEY === undefined) unset.push('contentKey');
  return unset;
}

/** One warning for each variable that has our prefix and no meaning: a typing error should not pass silently. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const linked = isServiceLink('UMS_PORT', env.UMS_PORT);
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith('UMS_') && !(name in variables.shape))
    .filter((name) => !(linked && SERVICE_LINKS.test(name)))
    .map((name) => `${name} is not a setting of UMS and has no effect`);
  return linked ? [SERVICE_LINK_WARNING, ...unknown] : unknown;
}

/** The value that Kubernetes sets in every pod beside a service that is named "ums". */
const SERVICE_LINKS = /^UMS_(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d+_(TCP|UDP|SCTP)\w*)$/;
const SERVICE_LINK_WARNING =
  'UMS_PORT is what Kubernetes sets for a service named "ums", and counts as unset; "enableServiceLinks: false" in the pod keeps it away';

function isServiceLink(name: string, value: string | undefined): boolean {
  return name === 'UMS_PORT' && value !== undefined && /^(tcp|udp|sctp):\/\//.test(value);
}

/** The faults of the texts of variables, by name. */
function textFaults(set: NodeJS.ProcessEnv): Map<string, string> {
  const ours = Object.entries(set).filter(([name]) => name in variables.shape || name in ENGINES);
  return new Map(
    ours.flatMap(([name, value = '']): [string, string][] => {
      const fault = variableFault(value);
      return fault === undefined ? [] : [[name, fault]];
    }),
  );
}

/** Valid settings that this release can't serve: a fault for commands that run the service, a warning for others. */
export function notYetThere(env: NodeJS.ProcessEnv): string[] {
  if (env.UMS_BACKEND !== 'distributed') return [];
  return ['UMS_BACKEND must be embedded: this release does not have the distributed backend yet'];
}

function verifierFaults(set: NodeJS.ProcessEnv): string[] {
  const named = VERIFIERS.filter((name) => set[name] !== undefined);
  return named.length > 1 ? [`${named.join(', ')}: only one of them may be set`] : [];
}

function engineFaults(set: NodeJS.ProcessEnv): string[] {
  if (set.UMS_BACKEND !== 'distributed') return [];
  return (Object.keys(ENGINES) as Engine[]).flatMap((name) => {
    const text = set[name];
    if (text === undefined) return [`${name} must be set when UMS_BACKEND is distributed`];
    return ENGINES[name].rule.test(text) ? [] : [`${name} must be a URL like ${ENGINES[name].like}`];
  });
}

function settingsOf(is: Variables, set: NodeJS.ProcessEnv, dataDir: string, appsFile: string): Settings {
  return {
    host: is.UMS_HOST,
    port: is.UMS_PORT,
    dataDir,
    appsFile,
    token: tokenConfig(is),
    operatorToken: is.UMS_OPERATOR_TOKEN,
    contentKey: is.UMS_CONTENT_KEY === undefined ? undefined : Buffer.from(is.UMS_CONTENT_KEY, 'base64'),
    jpushUrl: is.UMS_JPUSH_URL.replace(/\/+$/, ''),
    mqttUrl: is.UMS_MQTT_URL,
    bindingUrl: is.UMS_BINDING_URL,
    timeZone: is.UMS_TIME_ZONE,
    backend: backendConfig(is, set),
    rateLimit: is.UMS_RATE_LIMIT,
    maxSkewMs: is.UMS_MAX_SKEW_MS,
    maxBodyBytes: is.UMS_MAX_BODY_BYTES,
    contentTtlSeconds: is.UMS_CONTENT_TTL_SECONDS,
    logLevel: is.UMS_LOG_LEVEL,
  };
}

function tokenConfig(is: Variables): TokenConfig | undefined {
  if (is.UMS_TOKEN_SECRET !== undefined) return { type: 'secret', secret: is.UMS_TOKEN_SECRET };
  if (is.UMS_TOKEN_JWKS_URL !== undefined) return { type: 'jwks', url: is.UMS_TOKEN_JWKS_URL };
  const introspection = is.UMS_TOKEN_INTROSPECTION_URL;
  return introspection === undefined ? undefined : { type: 'introspection', url: introspection };
}

function backendConfig(is: Variables, set: NodeJS.ProcessEnv): BackendConfig {
  if (is.UMS_BACKEND === 'embedded') return { type: 'embedded' };
  const { EVENTSTOREDB_URL = '', MONGODB_URL = '', REDIS_URL = '' } = set;
  return { type: 'distributed', eventStoreDbUrl: EVENTSTOREDB_URL, mongoDbUrl: MONGODB_URL, redisUrl: REDIS_URL };
}
