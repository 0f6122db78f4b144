/** The demo as a newcomer meets it. */
import { expect, it, onTestFinished } from 'vitest';
import type { App } from '../../src/domain/apps.ts';
import { jpushAppsOf, type SandboxOptions, startSandbox } from '../../src/sandbox/demo.ts';
import { demoApps } from '../../src/sandbox/demo-apps.ts';
import { startJPush } from '../../src/sandbox/jpush/server.ts';
import { fakeApi } from './support.ts';

const asApps = (): App[] => demoApps().apps.map((app) => ({ packages: [], ...app }));

async function sandbox(apps: readonly App[], options: Partial<SandboxOptions> & Pick<SandboxOptions, 'apiUrl'>) {
  const jpush = await startJPush({ apps: jpushAppsOf(apps) });
  onTestFinished(() => jpush.close());
  const lines: string[] = [];
  const tokenSecret = 'a secret of at least 32 bytes for tokens';
  const running = await startSandbox({ jpush, apps, tokenSecret, print: (line) => lines.push(line), ...options });
  onTestFinished(() => running.close());
  return { jpush, lines, ...running };
}

it('makes apps with fresh keys', () => {
  const { apps } = demoApps();
  expect(apps.map(({ appId, kind }) => [appId, kind])).toEqual([
    ['MB-DEMO-0000', 'terminal'],
    ['SV-DEMO-0000', 'cloud'],
  ]);
  expect(jpushAppsOf(asApps())).toHaveLength(2);
  const keys = JSON.stringify(apps).match(/[0-9a-f]{24,}/g) ?? [];
  expect(new Set(keys).size).toBe(6);
  expect(JSON.stringify(demoApps())).not.toContain(keys[0]);
});

it('registers a phone and a fridge of alice, and prints the commands to paste', async () => {
  const api = await fakeApi();
  const { firstSteps, lines } = await sandbox(asApps(), { apiUrl: api.url });
  expect(api.calls.map(({ path, body }) => [path, body])).toMatchObject([
    ['/ums/v2/register', { clientId: 'phone-1', userId: 'alice', deviceType: '01', appPackage: 'com.example.phone' }],
    ['/ums/v2/register', { clientId: 'fridge-1', userId: 'alice', deviceType: '04', deviceId: 'fridge-mac-1' }],
  ]);
  expect(lines).toEqual([]);
  expect(firstSteps).toMatch(
    /npm run -s ums -- call \/ums\/v2\/msgPush '\{.*"phone-1".*\}' --client fridge-1 --user alice/,
  );
  expect(firstSteps).toContain('/ums/v2/getmsgstat');
  expect(firstSteps).toContain(`--url ${api.url}`);
});

it('says what to paste where the data is elsewhere', async () => {
  const api = await fakeApi();
  const variables = { UMS_DATA: '/srv/ums', UMS_APPS: "/srv/the apps' file" };
  const { firstSteps } = await sandbox(asApps(), { apiUrl: api.url, variables });
  const commands = firstSteps.split('\n').filter((line) => line.includes('npm run'));
  expect(commands).toHaveLength(2);
  for (const command of commands)
    expect(command).toMatch(/^ {2}UMS_DATA=\/srv\/ums UMS_APPS='\/srv\/the apps'\\'' file' npm run -s ums -- call /);
});

it('lets them live', async () => {
  const api = await fakeApi();
  const apps = asApps();
  const { jpush, lines } = await sandbox(apps, { apiUrl: api.url });
  const [phone] = jpushAppsOf(apps);
  await fetch(`${jpush.url}/v3/push`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${phone?.appKey}:${phone?.masterSecret}`)}` },
    body: JSON.stringify({
      platform: 'all',
      audience: { registration_id: [api.calls[0]?.body.pushId] },
      message: { msg_content: '{"msgId":"m-1","message":{}}' },
    }),
  });
  await expect.poll(() => lines, { timeout: 5000 }).toEqual(['sandbox: phone-1 received m-1']);
});

it('says it when the service would not have them', async () => {
  const api = await fakeApi(() => 'H32004');
  const { lines } = await sandbox(asApps(), { apiUrl: api.url });
  expect(lines).toEqual([
    'sandbox: phone-1 is missing, it could not register: H32004 text',
    'sandbox: fridge-1 is missing, it could not register: H32004 text',
  ]);
});

it.each([
  ['no demo apps', [], 'secret', /no MB-DEMO-0000/],
  ['no token secret', asApps(), undefined, /tokens/],
] as const)('registers nobody with %s', async (_, apps, tokenSecret, why) => {
  const api = await fakeApi();
  const { firstSteps } = await sandbox(apps, { apiUrl: api.url, tokenSecret });
  expect(firstSteps).toMatch(why);
  expect(api.calls).toEqual([]);
});
