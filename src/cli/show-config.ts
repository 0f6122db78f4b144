/** `ums config`: the settings in force by the names of their variables, secrets masked. */

import { type MaskedConfig, maskedConfig } from '../config/masked.ts';
import type { DraftConfig } from '../config.ts';
import type { App } from '../domain/apps.ts';

/** @returns text to print: JSON, or lines to read */
export function showConfig(config: DraftConfig, { json }: { json?: true | undefined }): string {
  const shown = maskedConfig(config);
  return json ? JSON.stringify({ ...shown.variables, apps: shown.apps }, null, 2) : readable(shown);
}

function readable({ variables, apps }: MaskedConfig): string {
  const settings = Object.entries(variables).map(([name, value]) => `${name.padEnd(28)} ${value ?? '(not set)'}`);
  return [...settings, ...apps.flatMap(appLines)].join('\n');
}

function appLines({ appId, appKey, kind, packages }: App): string[] {
  const inside = packages.map(
    ({ appPackage, jpush }) => `  ${appPackage} ${jpush ? JSON.stringify(jpush) : 'no jpush'}`,
  );
  return [`app ${appId} (${kind}, appKey ${appKey})`, ...inside];
}
