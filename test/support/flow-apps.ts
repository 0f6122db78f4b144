/** The apps file of the tests that go through the whole service. */
import type { App, AppPackage, JPushAccount } from '../../src/domain/apps.ts';
import type { JPushApp } from '../../src/sandbox/jpush/types.ts';

type Notification = JPushAccount['notification'];

/** A package with credentials of its own, so that its faults hit no other. */
export function jpushPackage(name: string, notification?: Notification): AppPackage {
  const key = name.replaceAll(/[^a-z0-9]/gi, '').padEnd(24, 'k');
  const jpush = { appKey: `AK${key}`.slice(0, 24), masterSecret: `MS${key}`.slice(0, 24) };
  return { appPackage: name, jpush: notification === undefined ? jpush : { ...jpush, notification } };
}

/** A terminal app of some packages. */
export function terminalApp(appId: string, ...packages: readonly AppPackage[]): App {
  return { appId, appKey: `app-key-of-${appId}`, kind: 'terminal', packages };
}

export const cloudApp: App = { appId: 'SV-FLOW-0000', appKey: 'app-key-of-SV-FLOW-0000', kind: 'cloud', packages: [] };

/** The apps as the look-alike needs them. */
export function jpushAppsOf(apps: readonly App[]): JPushApp[] {
  return apps.flatMap(({ packages }) => packages.flatMap(({ jpush }) => (jpush === undefined ? [] : [jpush])));
}

/** The JPush appKey of a package, to aim faults at it. */
export function jpushKeyOf({ jpush, appPackage }: AppPackage): string {
  if (jpush === undefined) throw new Error(`${appPackage} has no JPush credentials`);
  return jpush.appKey;
}
