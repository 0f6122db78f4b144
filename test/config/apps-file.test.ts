import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, readConfig } from '../../src/config.ts';
import { demoApps } from '../../src/sandbox/demo-apps.ts';
import { APPS, dataFolder, emptyFolder } from './support.ts';

function load(apps: unknown) {
  return readConfig({ UMS_DATA: dataFolder(apps) });
}

function faults(apps: unknown): string[] {
  const loaded = load(apps);
  return loaded.type === 'faults' ? loaded.faults : [];
}

const terminal = (...packages: unknown[]) => ({ appId: 'a', appKey: 'k', kind: 'terminal', packages });
const withJpush = (jpush: unknown) => ({ apps: [terminal({ appPackage: 'p', jpush })] });

const aNotification = {
  alert: 'a',
  title: 't',
  sound: 'default',
  category: 'IM',
  intent: 'scheme://x',
  channelId: 'c',
};

/** Wrong JPush settings, with the fault after the place of the settings. */
const jpushFaults = (
  [
    [{ maxTimeToLive: 0 }, 'maxTimeToLive must be a whole number from 1 to 864000'],
    [{ maxTimeToLive: 864_001 }, 'maxTimeToLive must be a whole number from 1 to 864000'],
    [{ maxTimeToLive: '60' }, 'maxTimeToLive must be a whole number from 1 to 864000'],
    [{ maxTimeToLive: 1.5 }, 'maxTimeToLive must be a whole number from 1 to 864000'],
    [{ apnsProduction: 'no' }, 'apnsProduction must be true or false'],
    [{ notification: { alert: '' } }, 'notification.alert must not be empty'],
    [{ notification: { alert: 'a', sound: 5 } }, 'notification.sound must be a string'],
    [
      { notification: { alert: 'a', badge: 'many' } },
      'notification.badge must be a whole number from 0 to 99999, or a text such as "+1"',
    ],
    [
      { notification: { alert: 'a', badge: -1 } },
      'notification.badge must be a whole number from 0 to 99999, or a text such as "+1"',
    ],
    [{ notification: { alert: 'a', category: '' } }, 'notification.category must not be empty'],
    [{ notification: { alert: 'a', intent: 5 } }, 'notification.intent must be a text, or an object with a url'],
    [{ notification: { alert: 'a', channelId: 5 } }, 'notification.channelId must be a string'],
    [{ notification: { alert: 'a', when: 'never' } }, 'notification.when must be "always" or "offline"'],
    [{ options: [] }, 'options must be an object'],
    [{ options: { time_to_live: 1 } }, 'options.time_to_live must be left out: set maxTimeToLive'],
    [{ options: { apns_production: true } }, 'options.apns_production must be left out: set apnsProduction'],
    [{ options: { sendno: 1 } }, 'options.sendno must be left out: UMS sends none'],
    [{ options: { override_msg_id: 1 } }, 'options.override_msg_id must be left out: a message replaces no other'],
    [{ options: { third_party_channel: 'xiaomi' } }, 'options.third_party_channel must be an object'],
    ...['xiaomi', 'huawei', 'honor', 'meizu', 'fcm', 'oppo', 'vivo', 'nio', 'hmos', 'asus'].map(
      (vendor): [object, string] => [
        { options: { third_party_channel: { [vendor]: 'ospush' } } },
        `options.third_party_channel.${vendor} must be an object`,
      ],
    ),
  ] satisfies [object, string][]
).map(([settings, fault]): [string, unknown, string] => [
  `the JPush settings ${JSON.stringify(settings)}`,
  withJpush({ appKey: 'k', masterSecret: 's', ...settings }),
  `apps[0].packages[0].jpush.${fault}`,
]);

describe('the apps file', () => {
  test('is read; a cloud app has no packages', () => {
    const [first, second] = APPS.apps;
    expect(load(APPS)).toMatchObject({ config: { apps: [first, { ...second, packages: [] }] }, warnings: [] });
  });

  test('may lie elsewhere', () => {
    const loaded = readConfig({ UMS_DATA: emptyFolder(), UMS_APPS: join(dataFolder(), 'apps.json') });
    expect(loaded).toMatchObject({ type: 'ok', config: { apps: [{ appId: 'MB-TEST-0000' }, {}] } });
  });

  test('that is missing is a fault that says where it should be and which command makes one', () => {
    const dir = emptyFolder();
    expect(readConfig({ UMS_DATA: dir })).toMatchObject({
      faults: [expect.stringMatching(new RegExp(`^UMS_APPS no apps file at ${dir}/apps\\.json; "npm start" `))],
    });
  });

  test('that can not be read is a fault', () => {
    const dir = emptyFolder();
    mkdirSync(join(dir, 'apps.json'));
    expect(readConfig({ UMS_DATA: dir })).toMatchObject({
      faults: [`UMS_APPS ${dir}/apps.json can't be read (EISDIR)`],
    });
  });

  test.each<[string, unknown, string]>([
    ['no JSON', '{"apps": top-secret', 'is not JSON'],
    ['no object', '[]', 'must be an object'],
    ['no apps', {}, 'apps must be a list'],
    ['an app that is none', { apps: [7] }, 'apps[0] must be an object'],
    ['no appKey', { apps: [{ appId: 'a', kind: 'cloud' }] }, 'apps[0].appKey must be a string'],
    ['an empty appKey', { apps: [{ appId: 'a', appKey: '', kind: 'cloud' }] }, 'apps[0].appKey must not be empty'],
    [
      'a long appId',
      { apps: [{ appId: 'a'.repeat(41), appKey: 'k', kind: 'cloud' }] },
      'apps[0].appId must be 1 to 40 visible ASCII characters',
    ],
    [
      'another kind',
      { apps: [{ appId: 'a', appKey: 'k', kind: 'fridge' }] },
      'apps[0].kind must be "terminal" or "cloud"',
    ],
    ['a terminal app without packages', { apps: [terminal()] }, 'apps[0].packages must name at least one package'],
    [
      'a cloud app with packages',
      { apps: [{ ...terminal({ appPackage: 'p' }), kind: 'cloud' }] },
      'apps[0].packages must be absent for a cloud app',
    ],
    ['an empty package', { apps: [terminal({ appPackage: '' })] }, 'apps[0].packages[0].appPackage must not be empty'],
    ['no masterSecret', withJpush({ appKey: 'k' }), 'apps[0].packages[0].jpush.masterSecret must be a string'],
    [
      'a notification without alert',
      withJpush({ appKey: 'k', masterSecret: 's', notification: {} }),
      'apps[0].packages[0].jpush.notification.alert must be a string',
    ],
    [
      'a notification of 513 bytes',
      withJpush({ appKey: 'k', masterSecret: 's', notification: { alert: 'x'.repeat(513 - 12) } }),
      'apps[0].packages[0].jpush.notification must be at most 512 bytes as JSON',
    ],
    ...jpushFaults,
  ])('with %s is a fault at its place', (_name, apps, fault) => {
    expect(faults(apps)).toEqual([`UMS_APPS ${fault}`]);
  });

  test.each<object>([
    { maxTimeToLive: 1, apnsProduction: false },
    { maxTimeToLive: 864_000, apnsProduction: true },
    { notification: { ...aNotification, badge: 0, when: 'offline' } },
    { notification: { ...aNotification, badge: '+1', when: 'always', intent: { url: 'scheme://recipe' } } },
    { options: {} },
    { options: { classification: 1, third_party_channel: { xiaomi: { channel_id: '1' }, newcomer: 'x' } } },
  ])('takes the JPush settings %j as they are', (settings) => {
    const loaded = load(withJpush({ appKey: 'k', masterSecret: 's', ...settings }));
    expect(loaded).toMatchObject({ type: 'ok', warnings: [] });
    const jpush = loaded.type === 'ok' ? loaded.config.apps[0]?.packages[0]?.jpush : undefined;
    expect(jpush).toEqual({ appKey: 'k', masterSecret: 's', ...settings });
  });

  test('warns of unknown keys in the JPush settings', () => {
    const loaded = load(
      withJpush({ appKey: 'k', masterSecret: 's', apnsproduction: true, notification: { alert: 'x', sond: 'y' } }),
    );
    expect(loaded).toMatchObject({
      type: 'ok',
      warnings: expect.arrayContaining([
        expect.stringContaining('jpush has unknown keys: apnsproduction'),
        expect.stringContaining('jpush.notification has unknown keys: sond'),
      ]),
    });
  });

  test('a notification of 512 bytes is fine', () => {
    const notification = { alert: 'x'.repeat(512 - 12) };
    expect(faults(withJpush({ appKey: 'k', masterSecret: 's', notification }))).toEqual([]);
  });

  test('appIds and packages are unique over all apps, also beside other faults', () => {
    const [first, second] = [terminal({ appPackage: 'p' }, { appPackage: 'p' }), terminal({ appPackage: 'p' })];
    expect(faults({ apps: [first, { ...second, appKey: '' }] })).toEqual([
      'UMS_APPS apps[1].appKey must not be empty',
      'UMS_APPS apps[1].appId must be unique, but apps[0].appId is the same',
      'UMS_APPS apps[0].packages[1].appPackage must be unique, but apps[0].packages[0].appPackage is the same',
      'UMS_APPS apps[1].packages[0].appPackage must be unique, but apps[0].packages[0].appPackage is the same',
    ]);
  });

  test('unknown keys, and no apps at all, are warned of', () => {
    expect(load({ apps: [terminal({ appPackage: 'p', jpsuh: {} })], version: 1 })).toMatchObject({
      type: 'ok',
      warnings: ['UMS_APPS apps[0].packages[0] has unknown keys: jpsuh', 'UMS_APPS has unknown keys: version'],
    });
    expect(load({ apps: [] })).toMatchObject({ warnings: [expect.stringContaining('no apps')] });
  });

  test('is made in the sandbox where there is none, for its owner alone, and stays from then on', () => {
    const dir = emptyFolder();
    const env = { UMS_DATA: join(dir, 'data'), UMS_APPS: join(dir, 'etc', 'apps.json') };
    const first = loadConfig(env, { sandbox: true, demoApps });
    expect(first).toMatchObject({ type: 'ok', config: { sandbox: true, apps: [{ appId: 'MB-DEMO-0000' }, {}] } });
    expect(statSync(env.UMS_APPS).mode & 0o777).toBe(0o600);
    const again = loadConfig(env, { sandbox: true, demoApps });
    expect(again).toEqual(first);
    expect(loadConfig(env, { sandbox: false })).toMatchObject({ type: 'ok', config: { sandbox: false } });
    expect(JSON.parse(readFileSync(env.UMS_APPS, 'utf8'))).toMatchObject({ apps: [{ appId: 'MB-DEMO-0000' }, {}] });
  });

  test('that is there is never replaced by the sandbox, be it wrong', () => {
    const dir = dataFolder('{}');
    expect(loadConfig({ UMS_DATA: dir }, { sandbox: true, demoApps }).type).toBe('faults');
    expect(readFileSync(join(dir, 'apps.json'), 'utf8')).toBe('{}');
    rmSync(join(dir, 'apps.json'));
    expect(loadConfig({ UMS_DATA: dir }, { sandbox: true, demoApps }).type).toBe('ok');
  });
});
