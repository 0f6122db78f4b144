import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAppsFile } from '../../src/config/apps-file.ts';
import { readSettings, unknownVariables } from '../../src/config/settings.ts';

const VARIABLES = [
  ...['UMS_HOST', 'UMS_PORT', 'UMS_DATA', 'UMS_APPS', 'UMS_TOKEN_SECRET', 'UMS_TOKEN_JWKS_URL'],
  ...['UMS_TOKEN_INTROSPECTION_URL', 'UMS_OPERATOR_TOKEN', 'UMS_CONTENT_KEY', 'UMS_JPUSH_URL', 'UMS_MQTT_URL'],
  ...['UMS_BINDING_URL', 'UMS_TIME_ZONE', 'UMS_BACKEND', 'UMS_RATE_LIMIT', 'UMS_MAX_SKEW_MS', 'UMS_MAX_BODY_BYTES'],
  ...['UMS_CONTENT_TTL_SECONDS', 'UMS_LOG_LEVEL', 'EVENTSTOREDB_URL', 'MONGODB_URL', 'REDIS_URL'],
];

const value = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.integer().map(String),
  fc.double().map(String),
  fc.constantFrom('', 'embedded', 'distributed', 'info', 'UTC', 'mqtt://a:b@c', 'http://%:%@x', 'http://'),
);
const environment = fc.dictionary(fc.constantFrom(...VARIABLES), value, { noNullPrototype: true });

const KEYS = ['apps', 'appId', 'appKey', 'kind', 'packages', 'appPackage', 'jpush', 'masterSecret', 'notification'];
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom(null, '', 'a', 'terminal', 'cloud', 0, true),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS, '__proto__'), tie('json'), { maxKeys: 5 }),
  ),
}));

describe('any configuration', () => {
  test('the names that the test knows are those of the settings', () => {
    expect(unknownVariables(Object.fromEntries(VARIABLES.map((name) => [name, 'x'])))).toEqual([]);
  });

  test('the environment gives settings, or faults that name the variables, and never throws', () => {
    fc.assert(
      fc.property(environment, (env) => {
        const { settings, faults } = readSettings(env);
        expect(settings === undefined).toBe(faults.length > 0);
        for (const fault of faults) {
          const [name = ''] = fault.split(/[ ,]/);
          expect(VARIABLES).toContain(name);
          if (!name.endsWith('DB_URL') && name !== 'REDIS_URL') expect(env[name]).toBeTruthy();
        }
      }),
    );
  });

  test('one bad variable more is one fault more, beside any others', () => {
    fc.assert(
      fc.property(environment, (env) => {
        const without = readSettings({ ...env, UMS_PORT: '1' }).faults;
        const { faults } = readSettings({ ...env, UMS_PORT: 'no port' });
        expect(faults.filter((fault) => !fault.startsWith('UMS_PORT '))).toEqual(without);
        expect(faults).toHaveLength(without.length + 1);
      }),
    );
  });

  test('an apps file gives apps that keep the rules, or faults at their places, and never throws', () => {
    const file = fc.oneof(json, fc.record({ apps: fc.array(json, { maxLength: 3 }) }));
    fc.assert(
      fc.property(file, (content) => {
        const { apps, faults } = readAppsFile('/nowhere/apps.json', JSON.stringify(content));
        for (const fault of faults) expect(fault).toMatch(/^UMS_APPS (apps|must)/);
        if (faults.length > 0) return;
        expect(new Set(apps.map(({ appId }) => appId)).size).toBe(apps.length);
        for (const { kind, packages } of apps) expect(packages.length > 0).toBe(kind === 'terminal');
      }),
      { numRuns: 500 },
    );
  });
});
