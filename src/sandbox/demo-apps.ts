/** The demo's apps: one for the terminals and one for an application server. */
import { randomBytes } from 'node:crypto';
import type { App } from '../domain/apps.ts';

export const DEMO_APP = 'MB-DEMO-0000';
const DEMO_CLOUD_APP = 'SV-DEMO-0000';
export const PHONE_PACKAGE = 'com.example.phone';
export const FRIDGE_PACKAGE = 'com.example.fridge';

/** The content of an apps file (`README.md, Configuration`), with keys made afresh at each call. */
export function demoApps(): { readonly apps: readonly (App | Omit<App, 'packages'>)[] } {
  const key = (bytes: number): string => randomBytes(bytes).toString('hex');
  const packageOf = (appPackage: string) => ({ appPackage, jpush: { appKey: key(12), masterSecret: key(12) } });
  return {
    apps: [
      {
        appId: DEMO_APP,
        appKey: key(16),
        kind: 'terminal',
        packages: [packageOf(PHONE_PACKAGE), packageOf(FRIDGE_PACKAGE)],
      },
      { appId: DEMO_CLOUD_APP, appKey: key(16), kind: 'cloud' },
    ],
  };
}

export function isDemo({ appId }: Pick<App, 'appId'>): boolean {
  return appId === DEMO_APP || appId === DEMO_CLOUD_APP;
}
