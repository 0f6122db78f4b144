/** Environment and apps file → one frozen, validated Config (`README.md, Configuration`). The only reader of process.env. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type AppsFile, demoAppsFile, readAppsFile } from './config/apps-file.ts';
import { createFile, createFolder, folderFault, isNoRoom, type MakeFault, RESTORE_UNFINISHED } from './config/files.ts';
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

/** A Config of which nothing was made: generated secrets may not be there yet. */
export type DraftConfig = Omit<Config, SecretName> & { readonly [name in SecretName]: Config[name] | undefined };

export interface LoadOptions {
  /** Whether to write an apps file with demo apps where there is none. */
  readonly sandbox: boolean;
  /** The demo apps file, as the object to write. */
  readonly demoApps?: () => unknown;
  /** Recognises demo apps: without the sandbox, keys of a demo must not be served. */
  readonly isDemo?: (app: App) => boolean;
}

export type Loaded<C> =
  | {
      readonly type: 'ok';
      readonly config: C;
      /** Oddities that stop nothing, one line each. */
      readonly warnings: readonly string[];
    }
  | Faults;

export interface Faults {
  readonly type: 'faults';
  readonly faults: string[];
  /** The settings are right; the disk is broken, or has no room for the files of a first start. */
  readonly noRoom?: true;
}

interface Checked {
  readonly settings: Settings;
  readonly apps: AppsFile;
  /** The secrets that no variable sets. */
  readonly secrets: ReadonlyMap<SecretName, Secret>;
  readonly warnings: readonly string[];
}

/** Reads and checks everything; makes missing files (data folder, secrets, demo apps) only if there is no fault. */
export function loadConfig(env: NodeJS.ProcessEnv, options: LoadOptions): Loaded<Config> {
  const checked = check(env, options, 'run');
  if ('faults' in checked) return { type: 'faults', faults: checked.faults };
  const lost = lostKey(checked);
  if (lost !== undefined) return { type: 'faults', faults: [lost] };
  const made = createMissing(checked);
  if ('faults' in made) return made;
  const { token, operatorToken, contentKey, ...rest } = draft({ ...checked, ...made }, options.sandbox);
  if (!token || !operatorToken || !contentKey) throw new Error('a secret was not made');
  const config = freeze({ ...rest, token, operatorToken, contentKey });
  return { type: 'ok', config, warnings: checked.warnings };
}

/** The purpose of the configuration: to run a backend with it, or to look at it (also to call its service). */
type Purpose = 'run' | 'look';

/** The same checks, without making anything. */
export function readConfig(env: NodeJS.ProcessEnv, purpose: Purpose = 'look'): Loaded<DraftConfig> {
  const checked = check(env, { sandbox: false }, purpose);
  if ('faults' in checked) return { type: 'faults', faults: checked.faults };
  return { type: 'ok', config: freeze(draft(checked, false)), warnings: checked.warnings };
}

/** Paths, whether or not there is anything. */
export type Places = Pick<Config, 'dataDir' | 'appsFile'>;

/** For a command that fills a data folder: only the variables are looked at. */
export function readPlaces(env: NodeJS.ProcessEnv): Loaded<Places> {
  const { dataDir, appsFile, faults } = readSettings(env);
  const inFolder = folderFault(dataDir);
  if (inFolder) faults.push(`UMS_DATA ${inFolder}`);
  if (faults.length > 0) return { type: 'faults', faults };
  return { type: 'ok', config: { dataDir, appsFile }, warnings: unknownVariables(env) };
}

function check(
  env: NodeJS.ProcessEnv,
  { sandbox, demoApps, isDemo }: LoadOptions,
  purpose: Purpose,
): Checked | { faults: string[] } {
  const { settings, unset, dataDir, appsFile, faults } = readSettings(env);
  const lacking = notYetThere(env);
  if (purpose === 'run') faults.push(...lacking);
  const inFolder = folderFault(dataDir);
  if (inFolder) faults.push(`UMS_DATA ${inFolder}`);
  if (purpose === 'run' && existsSync(join(dataDir, RESTORE_UNFINISHED)))
    faults.push(`UMS_DATA ${dataDir} is from a restore that did not finish; empty it and restore again`);
  const apps = readAppsFile(appsFile, sandbox && demoApps ? demoAppsFile(demoApps) : undefined);
  const demo = isDemo === undefined || sandbox ? undefined : apps.apps.find(isDemo);
  if (demo !== undefined) faults.push(demoFault(appsFile, demo));
  const secrets = new Map(unset.map((name) => [name, readSecret(dataDir, SECRETS[name])]));
  faults.push(...apps.faults, ...faultsOf(secrets));
  if (settings === undefined || faults.length > 0) return { faults };
  return { settings, apps, secrets, warnings: [...lacking, ...unknownVariables(env), ...apps.warnings] };
}

function demoFault(appsFile: string, { appId }: App): string {
  const how = 'put apps of your own there, or go on with the sandbox: "npm start" (ums serve --sandbox)';
  return `UMS_APPS ${appsFile} has ${appId}, an app of the sandbox's demo: ${how}`;
}

/** A new key would not fit the data, and would look as if it were the one that belongs to it. */
function lostKey({ settings: { dataDir }, secrets }: Checked): string | undefined {
  const needed = secrets.get('contentKey');
  if (needed === undefined || needed.text !== undefined || !existsSync(join(dataDir, 'ums.sqlite'))) return undefined;
  return `UMS_CONTENT_KEY is not set and ${join(dataDir, SECRETS.contentKey.file)} is missing, but there is a database: give the key that it was written with`;
}

function createMissing({ settings, apps, secrets }: Checked): Pick<Checked, 'secrets' | 'apps'> | Faults {
  const { dataDir, appsFile } = settings;
  const failed = createFolder(dataDir);
  if (failed !== undefined) return faults([`UMS_DATA ${failed.fault}`], isNoRoom(failed.error));
  const made = new Map(
    [...secrets].map(([name, secret]) => [name, secret.text ? secret : createSecret(dataDir, SECRETS[name])]),
  );
  const written = apps.toWrite === undefined ? { apps } : writeApps(appsFile, apps, apps.toWrite);
  const unwritten = 'failed' in written ? [`UMS_APPS ${written.failed.fault}`] : written.apps.faults;
  const found = [...faultsOf(made), ...unwritten];
  if (found.length === 0 && 'apps' in written) return { secrets: made, apps: written.apps };
  const noRoom = 'failed' in written && isNoRoom(written.failed.error);
  return faults(found, noRoom || [...made.values()].some((secret) => secret.noRoom));
}

function faults(found: string[], noRoom: boolean): Faults {
  return { type: 'faults', faults: found, ...(noRoom && { noRoom }) };
}

/** Where another process was faster, its file counts. */
function writeApps(appsFile: string, apps: AppsFile, text: string): { apps: AppsFile } | { failed: MakeFault } {
  const inFolder = createFolder(dirname(appsFile));
  if (inFolder !== undefined) return { failed: inFolder };
  const { created, failed } = createFile(appsFile, text);
  if (failed !== undefined) return { failed };
  return { apps: created ? apps : readAppsFile(appsFile) };
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
