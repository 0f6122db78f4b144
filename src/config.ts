/** Environment and apps file → one frozen, validated Config (`README.md, Configuration`). The only reader of process.env. */
import { dirname } from 'node:path';
import { type AppsFile, demoAppsFile, readAppsFile } from './config/apps-file.ts';
import { createFile, createFolder, folderFault } from './config/files.ts';
import { createSecret, readSecret, SECRETS, type Secret } from './config/secrets.ts';
import {
  notYetThere,
  readSettings,
  type SecretName,
  type Settings,
  type TokenConfig,
  unknownVariables,
} from './config/settings.ts';
import type { App } from './domain/apps.ts';

export type { LogLevel, TokenConfig } from './config/settings.ts';

export interface Config extends Omit<Settings, 'token' | 'operatorToken' | 'contentKey'> {
  readonly apps: readonly App[];
  readonly token: TokenConfig;
  readonly operatorToken: string;
  /** 32 bytes, for AES-256-GCM. */
  readonly contentKey: Buffer;
  readonly sandbox: boolean;
}

/** A Config as far as it is known without making anything: generated secrets may not be there yet. */
export type DraftConfig = Omit<Config, SecretName> & { readonly [name in SecretName]: Config[name] | undefined };

export interface LoadOptions {
  /** Whether to write an apps file with demo apps where there is none. */
  readonly sandbox: boolean;
  /** The demo apps file, as the object to write. */
  readonly demoApps?: () => unknown;
}

export type Loaded<C> =
  | {
      readonly type: 'ok';
      readonly config: C;
      /** What is odd but stops nothing, one line each. */
      readonly warnings: readonly string[];
    }
  | { readonly type: 'faults'; readonly faults: string[] };

interface Checked {
  readonly settings: Settings;
  readonly apps: AppsFile;
  /** Of the secrets that no variable says. */
  readonly secrets: ReadonlyMap<SecretName, Secret>;
  readonly warnings: readonly string[];
}

/** Reads and checks everything; makes what is missing (data folder, secrets, demo apps) only if there is no fault. */
export function loadConfig(env: NodeJS.ProcessEnv, options: LoadOptions): Loaded<Config> {
  const checked = check(env, options, 'run');
  if ('faults' in checked) return { type: 'faults', faults: checked.faults };
  const made = createMissing(checked);
  if ('faults' in made) return { type: 'faults', faults: made.faults };
  const { token, operatorToken, contentKey, ...rest } = draft({ ...checked, ...made }, options.sandbox);
  if (!token || !operatorToken || !contentKey) throw new Error('a secret was not made');
  const config = freeze({ ...rest, token, operatorToken, contentKey });
  return { type: 'ok', config, warnings: checked.warnings };
}

/** What the configuration is for: to run a backend with it, or to look at it (and to call the service that it is of). */
type Purpose = 'run' | 'look';

/** The same checks, without making anything. */
export function readConfig(env: NodeJS.ProcessEnv, purpose: Purpose = 'look'): Loaded<DraftConfig> {
  const checked = check(env, { sandbox: false }, purpose);
  if ('faults' in checked) return { type: 'faults', faults: checked.faults };
  return { type: 'ok', config: freeze(draft(checked, false)), warnings: checked.warnings };
}

function check(
  env: NodeJS.ProcessEnv,
  { sandbox, demoApps }: LoadOptions,
  purpose: Purpose,
): Checked | { faults: string[] } {
  const { settings, unset, dataDir, appsFile, faults } = readSettings(env);
  const lacking = notYetThere(env);
  if (purpose === 'run') faults.push(...lacking);
  const inFolder = folderFault(dataDir);
  if (inFolder) faults.push(`UMS_DATA ${inFolder}`);
  const apps = readAppsFile(appsFile, sandbox && demoApps ? demoAppsFile(demoApps) : undefined);
  const secrets = new Map(unset.map((name) => [name, readSecret(dataDir, SECRETS[name])]));
  faults.push(...apps.faults, ...faultsOf(secrets));
  if (settings === undefined || faults.length > 0) return { faults };
  return { settings, apps, secrets, warnings: [...lacking, ...unknownVariables(env), ...apps.warnings] };
}

function createMissing({ settings, apps, secrets }: Checked): Pick<Checked, 'secrets' | 'apps'> | { faults: string[] } {
  const { dataDir, appsFile } = settings;
  const inFolder = createFolder(dataDir);
  if (inFolder) return { faults: [`UMS_DATA ${inFolder}`] };
  const made = new Map(
    [...secrets].map(([name, secret]) => [name, secret.text ? secret : createSecret(dataDir, SECRETS[name])]),
  );
  const written = apps.toWrite === undefined ? apps : writeApps(appsFile, apps, apps.toWrite);
  const faults = [...faultsOf(made), ...written.faults];
  return faults.length > 0 ? { faults } : { secrets: made, apps: written };
}

/** Where another process was faster, its file counts. */
function writeApps(appsFile: string, apps: AppsFile, text: string): AppsFile {
  const inFolder = createFolder(dirname(appsFile));
  const { created, fault } = inFolder ? { created: false, fault: inFolder } : createFile(appsFile, text);
  if (fault !== undefined) return { ...apps, faults: [`UMS_APPS ${fault}`] };
  return created ? apps : readAppsFile(appsFile);
}

function faultsOf(secrets: ReadonlyMap<SecretName, Secret>): string[] {
  return [...secrets.values()].flatMap(({ fault }) => fault ?? []);
}

function draft({ settings, apps, secrets }: Checked, sandbox: boolean): DraftConfig {
  const tokenSecret = secrets.get('token')?.text;
  const contentKey = secrets.get('contentKey')?.text;
  return {
    ...settings,
    apps: apps.apps,
    token: settings.token ?? (tokenSecret === undefined ? undefined : { type: 'secret', secret: tokenSecret }),
    operatorToken: settings.operatorToken ?? secrets.get('operatorToken')?.text,
    contentKey: settings.contentKey ?? (contentKey === undefined ? undefined : Buffer.from(contentKey, 'base64')),
    sandbox,
  };
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
