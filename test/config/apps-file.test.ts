import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig, readConfig } from '../../src/config.ts';
import { demoApps } from '../../src/sandbox/demo.ts';
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

describe('the apps file', () => {
  test('is read; a cloud app has no packages', () => {
    const [first, second] = APPS.apps;
    expect(load(APPS)).toMatchObject({ config: { apps: [first, { ...second, packages: [] }] }, warnings: [] });
  });

  test('may lie elsewhere', () => {
    const loaded = readConfig({ UMS_DATA: emptyFolder(), UMS_APPS: join(dataFolder(), 'apps.json') });
    expect(loaded).toMatchObject({ type: 'ok', config: { apps: [{ appId: 'MB-TEST-0000' }, {}] } });
  });

  test('that is missing is a fault that says where it should be and what makes one', () => {
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
  ])('with %s is a fault at its place', (_name, apps, fault) => {
    expect(faults(apps)).toEqual([`UMS_APPS ${fault}`]);
  });

  test('a notification of 512 bytes is fine', () => {
    const notification = { alert: 'x'.repeat(512 - 12) };
    expect(faults(withJpush({ appKey: 'k', masterSecret: 's', notification }))).toEqual([]);
  });

  test('appIds and packages are unique over all apps, whatever else is wrong', () => {
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
