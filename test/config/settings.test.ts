import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSettings } from '../../src/config/settings.ts';
import { type Config, loadConfig, readConfig } from '../../src/config.ts';
import { dataFolder, emptyFolder } from './support.ts';

const SECRET = 's'.repeat(32);
const KEY = Buffer.alloc(32, 7).toString('base64');

function load(env: NodeJS.ProcessEnv): Config {
  const loaded = loadConfig({ UMS_DATA: dataFolder(), ...env }, { sandbox: false });
  if (loaded.type === 'faults') throw new Error(loaded.faults.join('\n'));
  return loaded.config;
}

function faults(env: NodeJS.ProcessEnv): string[] {
  const loaded = loadConfig({ UMS_DATA: dataFolder(), ...env }, { sandbox: false });
  return loaded.type === 'faults' ? loaded.faults : [];
}

const ENGINES = {
  UMS_BACKEND: 'distributed',
  EVENTSTOREDB_URL: 'esdb://a:2113,b:2113?tls=false',
  MONGODB_URL: 'mongodb://a:27017,b:27017/ums',
  REDIS_URL: 'redis://localhost:6379',
};

describe('settings', () => {
  test('the defaults are those of the design', () => {
    const dataDir = dataFolder();
    expect(load({ UMS_DATA: dataDir })).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir,
      appsFile: join(dataDir, 'apps.json'),
      token: { type: 'secret' },
      jpushUrl: 'https://api.jpush.cn',
      mqttUrl: undefined,
      bindingUrl: undefined,
      timeZone: 'Asia/Shanghai',
      backend: { type: 'embedded' },
      rateLimit: 0,
      maxSkewMs: 600_000,
      maxBodyBytes: 131_072,
      contentTtlSeconds: 2_592_000,
      logLevel: 'info',
      sandbox: false,
    });
  });

  test('an empty variable counts as unset', () => {
    expect(load({ UMS_HOST: '', UMS_PORT: '', UMS_TOKEN_JWKS_URL: '', UMS_BACKEND: '' })).toEqual(
      expect.objectContaining({ host: '127.0.0.1', port: 8080, backend: { type: 'embedded' } }),
    );
  });

  test('the data folder is ./data by default', () => {
    const dataDir = join(process.cwd(), 'data');
    expect(readSettings({})).toMatchObject({ dataDir, appsFile: join(dataDir, 'apps.json') });
    expect(readSettings({ UMS_DATA: 'elsewhere' })).toMatchObject({ dataDir: join(process.cwd(), 'elsewhere') });
  });

  test.each<[string, string, keyof Config, unknown]>([
    ['UMS_HOST', '0.0.0.0', 'host', '0.0.0.0'],
    ['UMS_HOST', '::1', 'host', '::1'],
    ['UMS_PORT', '0', 'port', 0],
    ['UMS_PORT', '65535', 'port', 65_535],
    ['UMS_TOKEN_SECRET', SECRET, 'token', { type: 'secret', secret: SECRET }],
    ['UMS_TOKEN_SECRET', '密'.repeat(11), 'token', { type: 'secret', secret: '密'.repeat(11) }],
    ['UMS_TOKEN_JWKS_URL', 'https://id/jwks?a=1', 'token', { type: 'jwks', url: 'https://id/jwks?a=1' }],
    ['UMS_TOKEN_INTROSPECTION_URL', 'http://a:b%40@id/', 'token', { type: 'introspection', url: 'http://a:b%40@id/' }],
    ['UMS_OPERATOR_TOKEN', 'op', 'operatorToken', 'op'],
    ['UMS_CONTENT_KEY', KEY, 'contentKey', Buffer.alloc(32, 7)],
    ['UMS_JPUSH_URL', 'http://localhost:9999/base/', 'jpushUrl', 'http://localhost:9999/base'],
    ['UMS_MQTT_URL', 'mqtts://user:password@broker:8883', 'mqttUrl', 'mqtts://user:password@broker:8883'],
    ['UMS_BINDING_URL', 'http://binding/owner', 'bindingUrl', 'http://binding/owner'],
    ['UMS_TIME_ZONE', 'Europe/Berlin', 'timeZone', 'Europe/Berlin'],
    ['UMS_RATE_LIMIT', '10', 'rateLimit', 10],
    ['UMS_MAX_SKEW_MS', '1000000000000', 'maxSkewMs', 1_000_000_000_000],
    ['UMS_MAX_BODY_BYTES', '1024', 'maxBodyBytes', 1024],
    ['UMS_CONTENT_TTL_SECONDS', '1', 'contentTtlSeconds', 1],
    ['UMS_LOG_LEVEL', 'silent', 'logLevel', 'silent'],
  ])('%s=%s is taken', (name, value, key, expected) => {
    expect(load({ [name]: value })[key]).toEqual(expected);
  });

  test.each([
    ['UMS_HOST', 'two words'],
    ['UMS_HOST', 'http://localhost'],
    ['UMS_PORT', '65536'],
    ['UMS_PORT', '-1'],
    ['UMS_PORT', '80.5'],
    ['UMS_PORT', '0x50'],

    ['UMS_PORT', '1e3'],
    ['UMS_TOKEN_SECRET', 's'.repeat(31)],
    ['UMS_TOKEN_JWKS_URL', 'ftp://id/jwks'],
    ['UMS_TOKEN_JWKS_URL', 'https://user:password@id/jwks'],
    ['UMS_TOKEN_JWKS_URL', 'jwks'],
    ['UMS_TOKEN_INTROSPECTION_URL', 'https://%zz:b@id/'],
    ['UMS_OPERATOR_TOKEN', 'two words'],
    ['UMS_CONTENT_KEY', Buffer.alloc(31).toString('base64')],
    ['UMS_CONTENT_KEY', Buffer.alloc(33).toString('base64')],
    ['UMS_CONTENT_KEY', `${'!'.repeat(43)}=`],
    ['UMS_TOKEN_JWKS_URL', 'https://id/jwks#keys'],
    ['UMS_JPUSH_URL', 'api.jpush.cn'],
    ['UMS_JPUSH_URL', 'https://user@api.jpush.cn'],
    ['UMS_JPUSH_URL', 'https://api.jpush.cn/?key=value'],
    ['UMS_JPUSH_URL', 'https://api.jpush.cn/?'],
    ['UMS_JPUSH_URL', 'https://api.jpush.cn/#part'],
    ['UMS_JPUSH_URL', 'https://api.jpush.cn/#'],
    ['UMS_MQTT_URL', 'http://broker'],
    ['UMS_BINDING_URL', 'mqtt://binding'],
    ['UMS_TIME_ZONE', 'Asia/Atlantis'],
    ['UMS_BACKEND', 'clouds'],
    ['UMS_RATE_LIMIT', '-5'],
    ['UMS_RATE_LIMIT', 'many'],
    ['UMS_MAX_SKEW_MS', '0'],
    ['UMS_MAX_BODY_BYTES', '1023'],
    ['UMS_CONTENT_TTL_SECONDS', '0'],
    ['UMS_LOG_LEVEL', 'loud'],
  ])('%s=%s is a fault of that name', (name, value) => {
    expect(faults({ [name]: value })).toEqual([
      expect.stringMatching(new RegExp(`^${name} must be|^${name} must have`)),
    ]);
  });

  test('one verifier at most', () => {
    const both = faults({ UMS_TOKEN_SECRET: SECRET, UMS_TOKEN_JWKS_URL: 'https://id/jwks' });
    expect(both).toEqual(['UMS_TOKEN_SECRET, UMS_TOKEN_JWKS_URL: only one of them may be set']);
  });

  test('the distributed backend needs its three engines', () => {
    expect(readConfig({ UMS_DATA: dataFolder(), ...ENGINES })).toMatchObject({
      config: {
        backend: {
          type: 'distributed',
          eventStoreDbUrl: ENGINES.EVENTSTOREDB_URL,
          mongoDbUrl: ENGINES.MONGODB_URL,
          redisUrl: ENGINES.REDIS_URL,
        },
      },
    });
    const none = faults({ UMS_BACKEND: 'distributed' });
    expect(none.map((fault) => fault.split(' ')[0])).toEqual([
      'EVENTSTOREDB_URL',
      'MONGODB_URL',
      'REDIS_URL',
      'UMS_BACKEND',
    ]);
    expect(faults({ ...ENGINES, REDIS_URL: 'http://redis' })).toContain(
      'REDIS_URL must be a URL like redis://host:6379',
    );
  });

  test('the distributed backend can be looked at, with a warning, but not run: nothing is made', () => {
    const dir = dataFolder();
    const text = 'UMS_BACKEND must be embedded: this release does not have the distributed backend yet';
    const env = { UMS_DATA: dir, ...ENGINES };
    expect(readConfig(env)).toMatchObject({ type: 'ok', warnings: [text] });
    expect(readConfig(env, 'run')).toEqual({ type: 'faults', faults: [text] });
    expect(loadConfig({ ...env, UMS_PORT: 'x' }, { sandbox: false })).toEqual({
      type: 'faults',
      faults: [expect.stringMatching(/^UMS_PORT/), text],
    });
    expect(readdirSync(dir)).toEqual(['apps.json']);
  });

  test('the embedded backend does not look at them', () => {
    expect(load({ ...ENGINES, REDIS_URL: 'nonsense', UMS_BACKEND: 'embedded' }).backend).toEqual({ type: 'embedded' });
  });

  test('all faults are said at once, without the secrets in them, and nothing is made', () => {
    const parent = emptyFolder();
    const env = {
      UMS_DATA: join(parent, 'data'),
      UMS_PORT: 'x',
      UMS_LOG_LEVEL: 'y',
      UMS_TOKEN_SECRET: 'short-secret',
      UMS_CONTENT_KEY: 'short-key',
      UMS_TOKEN_JWKS_URL: 'https://user:hidden@id',
      UMS_BACKEND: 'distributed',
    };
    const loaded = loadConfig(env, { sandbox: true, demoApps: () => ({ apps: [{ appId: '' }] }) });
    if (loaded.type === 'ok') throw new Error('no faults');
    const text = loaded.faults.join('\n');
    for (const name of [...Object.keys(env).slice(1), 'EVENTSTOREDB_URL', 'MONGODB_URL', 'REDIS_URL', 'UMS_APPS']) {
      expect(text).toContain(name);
    }
    expect(text).not.toMatch(/short-secret|short-key|hidden/);
    expect(readdirSync(parent)).toEqual([]);
  });

  test('a variable with a slip of the pen is warned of', () => {
    const loaded = loadConfig({ UMS_DATA: dataFolder(), UMS_PROT: '80', OTHER: '1' }, { sandbox: false });
    expect(loaded).toMatchObject({ warnings: ['UMS_PROT is not a setting of UMS and has no effect'] });
  });

  test('the configuration is frozen, all the way down', () => {
    const config = load({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.apps[0]?.packages[0]?.jpush)).toBe(true);
    expect(Object.isFrozen(config.token)).toBe(true);
  });
});
