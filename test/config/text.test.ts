/** Settings that were saved in another encoding, or with a blank too many. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { APPS, dataFolder } from './support.ts';

function faults(env: NodeJS.ProcessEnv): string[] {
  const loaded = loadConfig(env, { sandbox: false });
  return loaded.type === 'faults' ? loaded.faults : [];
}

const text = JSON.stringify(APPS);
/** 中 in GBK. */
const GBK = Buffer.concat([Buffer.from('{"apps":[{"appKey":"'), Buffer.from([0xd6, 0xd0]), Buffer.from('"}]}')]);
const MARK = Buffer.from([0xef, 0xbb, 0xbf]);

describe('the apps file', () => {
  test.each<[string, Buffer, RegExp]>([
    ['a byte order mark', Buffer.concat([MARK, Buffer.from(text)]), /byte order mark/],
    ['UTF-16', Buffer.from(`\ufeff${text}`, 'utf16le'), /not UTF-8/],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /not UTF-8/],
    ['GBK', GBK, /not UTF-8/],
  ])('with %s is refused by name', (_, bytes, why) => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'apps.json'), bytes);
    const found = faults({ UMS_DATA: dir });
    expect(found).toEqual([expect.stringMatching(why)]);
    expect(found[0]).toMatch(/^UMS_APPS .*apps\.json/);
  });

  test.each([
    ['appId', 'MB-TEST-0000 '],
    ['appKey', ' terminal-app-key'],
    ['appKey', 'terminal-app-key\r'],
    ['appKey', '\ufeffterminal-app-key'],
  ])('with a blank end of %s, %j, is refused by name', (name, value) => {
    const [app, ...others] = APPS.apps;
    const dir = dataFolder({ apps: [{ ...app, [name]: value }, ...others] });
    expect(faults({ UMS_DATA: dir })).toContain(`UMS_APPS apps[0].${name} must not begin or end with white space`);
  });

  test('with a blank end of a package or of a JPush key is refused by name', () => {
    const jpush = { appKey: 'key ', masterSecret: '\tsecret', notification: { alert: 'may have them ' } };
    const packages = [{ appPackage: 'com.example.phone\n', jpush }];
    const dir = dataFolder({ apps: [{ appId: 'A', appKey: 'k', kind: 'terminal', packages }] });
    expect(faults({ UMS_DATA: dir })).toEqual(
      ['appPackage', 'jpush.appKey', 'jpush.masterSecret'].map(
        (name) => `UMS_APPS apps[0].packages[0].${name} must not begin or end with white space`,
      ),
    );
  });
});

describe('a secret in the data folder', () => {
  const secret = 's'.repeat(40);

  test.each<[string, Buffer]>([
    ['a byte order mark', Buffer.concat([MARK, Buffer.from(secret)])],
    ['UTF-16', Buffer.from(secret, 'utf16le')],
    ['another encoding', Buffer.concat([Buffer.from([0xd6, 0xd0]), Buffer.from(secret)])],
    ['a blank at its start', Buffer.from(` ${secret}`)],
    ['a blank at its end', Buffer.from(`${secret} \n`)],
    ['two line ends', Buffer.from(`${secret}\n\n`)],
  ])('with %s is refused by name', (_, bytes) => {
    const dir = dataFolder();
    writeFileSync(join(dir, 'token-secret'), bytes);
    const found = faults({ UMS_DATA: dir });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/token-secret (is not UTF-8|begins with a byte order mark|must not begin or end)/);
    expect(found[0]).not.toContain(secret);
  });
});

describe('a variable', () => {
  test.each([
    ['UMS_PORT', ' 8080'],
    ['UMS_HOST', '127.0.0.1\r'],
    ['UMS_TOKEN_SECRET', `${'s'.repeat(40)}\r`],
    ['UMS_TOKEN_SECRET', `\ufeff${'s'.repeat(40)}`],
    ['UMS_TOKEN_SECRET', ` ${'s'.repeat(40)}`],
    ['UMS_JPUSH_URL', 'http://127.0.0.1:1 '],
    ['UMS_TIME_ZONE', 'Asia/Shanghai '],
  ])('%s=%j is refused, once', (name, value) => {
    expect(faults({ UMS_DATA: dataFolder(), [name]: value })).toEqual([
      `${name} must not begin or end with white space`,
    ]);
  });

  test('that is no UTF-8 is refused, as Node shows it', () => {
    const found = faults({ UMS_DATA: dataFolder(), UMS_TOKEN_SECRET: `\ufffd\ufffd${'s'.repeat(40)}` });
    expect(found).toEqual([expect.stringMatching(/^UMS_TOKEN_SECRET is not UTF-8/)]);
  });

  test('UMS_PORT that Kubernetes sets for a service of this name counts as unset, with one warning', () => {
    const env = {
      UMS_DATA: dataFolder(),
      UMS_PORT: 'tcp://10.0.0.1:8080',
      UMS_SERVICE_HOST: '10.0.0.1',
      UMS_SERVICE_PORT: '8080',
      UMS_SERVICE_PORT_HTTP: '8080',
      UMS_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
      UMS_PORT_8080_TCP_ADDR: '10.0.0.1',
      UMS_PROT: '1',
    };
    expect(loadConfig(env, { sandbox: false })).toMatchObject({
      type: 'ok',
      config: { port: 8080 },
      warnings: [expect.stringMatching(/^UMS_PORT is what Kubernetes sets/), expect.stringMatching(/^UMS_PROT /)],
    });
  });
});
