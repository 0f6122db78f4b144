/** The configuration with its secrets masked, so that it can be shown. */
import type { DraftConfig } from '../config.ts';
import type { App } from '../domain/apps.ts';
import { assertNever } from '../domain/decider.ts';

const MASK = '***';
const NOT_YET = '(made at first start)';

export interface MaskedConfig {
  /** Variable name → value; `undefined` if it is not set. */
  readonly variables: Readonly<Record<string, string | number | undefined>>;
  readonly apps: readonly App[];
}

export function maskedConfig(config: DraftConfig): MaskedConfig {
  const variables = {
    UMS_HOST: config.host,
    UMS_PORT: config.port,
    UMS_DATA: config.dataDir,
    UMS_APPS: config.appsFile,
    ...tokenVariable(config.token),
    UMS_OPERATOR_TOKEN: config.operatorToken === undefined ? NOT_YET : MASK,
    UMS_CONTENT_KEY: config.contentKey === undefined ? NOT_YET : MASK,
    UMS_JPUSH_URL: maskUrl(config.jpushUrl),
    UMS_MQTT_URL: config.mqttUrl && maskUrl(config.mqttUrl),
    UMS_BINDING_URL: config.bindingUrl && maskUrl(config.bindingUrl),
    UMS_TIME_ZONE: config.timeZone,
    UMS_BACKEND: config.backend.type,
    ...engineVariables(config.backend),
    UMS_RATE_LIMIT: config.rateLimit,
    UMS_MAX_SKEW_MS: config.maxSkewMs,
    UMS_MAX_BODY_BYTES: config.maxBodyBytes,
    UMS_CONTENT_TTL_SECONDS: config.contentTtlSeconds,
    UMS_LOG_LEVEL: config.logLevel,
  };
  return { variables, apps: config.apps.map(maskApp) };
}

function tokenVariable(token: DraftConfig['token']): Record<string, string> {
  if (token === undefined) return { UMS_TOKEN_SECRET: NOT_YET };
  switch (token.type) {
    case 'secret':
      return { UMS_TOKEN_SECRET: MASK };
    case 'jwks':
      return { UMS_TOKEN_JWKS_URL: maskUrl(token.url) };
    case 'introspection':
      return { UMS_TOKEN_INTROSPECTION_URL: maskUrl(token.url) };
    default:
      return assertNever(token);
  }
}

function engineVariables(backend: DraftConfig['backend']): Record<string, string> {
  if (backend.type === 'embedded') return {};
  return {
    EVENTSTOREDB_URL: maskUrl(backend.eventStoreDbUrl),
    MONGODB_URL: maskUrl(backend.mongoDbUrl),
    REDIS_URL: maskUrl(backend.redisUrl),
  };
}

/**
 * Masks the user part, the values of the query and the fragment, since each of them may be secret. URLs with several
 * hosts can't be parsed, and a password may hold characters that a URL would encode. So everything before the last `@`
 * counts as the user part: it is better to mask too much than too little.
 */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z0-9+.-]+:\/\/).*@/is, `$1${MASK}@`)
    .replace(
      /([?&])(?:([^=&#]*)=)?[^&#]+/g,
      (_, mark: string, name?: string) => `${mark}${name ? `${name}=` : ''}${MASK}`,
    )
    .replace(/#.*$/s, `#${MASK}`);
}

function maskApp(app: App): App {
  const packages = app.packages.map(({ appPackage, jpush }) => ({
    appPackage,
    ...(jpush && { jpush: { ...jpush, appKey: MASK, masterSecret: MASK } }),
  }));
  return { appId: app.appId, appKey: MASK, kind: app.kind, packages };
}
