/** A data folder of a test's own, with an apps file if wanted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const APPS = {
  apps: [
    {
      appId: 'MB-TEST-0000',
      appKey: 'terminal-app-key',
      kind: 'terminal',
      packages: [
        {
          appPackage: 'com.example.phone',
          jpush: { appKey: 'jpush-app-key', masterSecret: 'jpush-master-secret', notification: { alert: 'News' } },
        },
        { appPackage: 'com.example.tv' },
      ],
    },
    { appId: 'SV-TEST-0000', appKey: 'cloud-app-key', kind: 'cloud' },
  ],
};

export function emptyFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ums-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** @param apps an object for the file, or its very text */
export function dataFolder(apps: unknown = APPS): string {
  const dir = emptyFolder();
  writeFileSync(join(dir, 'apps.json'), typeof apps === 'string' ? apps : JSON.stringify(apps));
  return dir;
}
