import { describe, expect, test } from 'vitest';
import { maskedConfig, maskUrl } from '../../src/config/masked.ts';
import { readConfig } from '../../src/config.ts';
import { APPS, dataFolder } from './support.ts';

describe('the masked configuration', () => {
  test('shows the settings in force and none of their secrets', () => {
    const env = {
      UMS_DATA: dataFolder(),
      UMS_TOKEN_INTROSPECTION_URL: 'https://ums:hide-1@id/introspect',
      UMS_OPERATOR_TOKEN: 'hide-2',
      UMS_MQTT_URL: 'mqtt://ums:hide-3@broker',
      UMS_BACKEND: 'distributed',
      EVENTSTOREDB_URL: 'esdb://admin:hide-4@a:2113,b:2113?tls=false&userKeyFile=hide-5',
      MONGODB_URL: 'mongodb://ums:hide@6?hide/6@a,b/ums',
      REDIS_URL: 'rediss://:hide-7@redis',
      UMS_CONTENT_KEY: Buffer.alloc(32, 'hide').toString('base64'),
    };
    const loaded = readConfig(env);
    if (loaded.type === 'faults') throw new Error(loaded.faults.join('\n'));
    const { variables, apps } = maskedConfig(loaded.config);
    expect(variables).toMatchObject({
      UMS_PORT: 8080,
      UMS_TOKEN_INTROSPECTION_URL: 'https://***@id/introspect',
      UMS_OPERATOR_TOKEN: '***',
      UMS_CONTENT_KEY: '***',
      MONGODB_URL: 'mongodb://***@a,b/ums',
    });
    expect(apps[0]?.packages[0]).toEqual({
      appPackage: 'com.example.phone',
      jpush: { appKey: '***', masterSecret: '***', notification: { alert: 'News' } },
    });
    const text = JSON.stringify({ variables, apps });
    const secrets = APPS.apps.flatMap(({ appKey, packages }) => [appKey, packages?.[0]?.jpush?.masterSecret ?? appKey]);
    for (const secret of ['hide', ...secrets, env.UMS_CONTENT_KEY]) {
      expect(text).not.toContain(secret);
    }
  });

  test('says of secrets that are not there yet when they are made', () => {
    const loaded = readConfig({ UMS_DATA: dataFolder() });
    if (loaded.type === 'faults') throw new Error(loaded.faults.join('\n'));
    expect(maskedConfig(loaded.config).variables).toMatchObject({
      UMS_TOKEN_SECRET: '(made at first start)',
      UMS_OPERATOR_TOKEN: '(made at first start)',
      UMS_CONTENT_KEY: '(made at first start)',
    });
  });

  test.each([
    ['http://host:80/path', 'http://host:80/path'],
    ['https://token@host/', 'https://***@host/'],
    ['http://user:p:a@s/s@host/', 'http://***@host/'],
    ['mongodb://user:pa?ss@host/db', 'mongodb://***@host/db'],
    ['redis://:pa#ss@host', 'redis://***@host'],
    ['esdb+discover://u:p@host?a=1&b=2', 'esdb+discover://***@host?a=***&b=***'],
    ['https://host/?bare&a=b=c#part', 'https://host/?***&a=***#***'],
  ])('%s is shown as %s', (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });
});
