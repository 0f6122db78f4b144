/** The apps file: the apps that may call UMS (`README.md, Configuration`). */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { App } from '../domain/apps.ts';
import { errorCode } from './files.ts';
import { jpushSchema, nonEmpty, type ObjectSchema } from './jpush-settings.ts';
import { HAS_BLANK_ENDS, hasBlankEnds, strictText } from './text.ts';

export interface AppsFile {
  readonly apps: readonly App[];
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
  /** The text to write where there is no file yet. */
  readonly toWrite?: string;
}

/** @param demo the text of an apps file to write, if there is none */
export function readAppsFile(path: string, demo?: string): AppsFile {
  try {
    const read = strictText(readFileSync(path));
    return 'fault' in read ? fault(`${path} ${read.fault}`) : parseApps(read.text);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return fault(`${path} can't be read (${code})`);
    if (demo !== undefined) return { ...parseApps(demo), toWrite: demo };
    return fault(`no apps file at ${path}; "npm start" (ums serve --sandbox) makes one with demo apps`);
  }
}

export function demoAppsFile(demoApps: () => unknown): string {
  return `${JSON.stringify(demoApps(), null, 2)}\n`;
}

function fault(text: string): AppsFile {
  return { apps: [], faults: [`UMS_APPS ${text}`], warnings: [] };
}

/** Faults and warnings name the place: `UMS_APPS apps[0].packages[1].appPackage must …`. */
function parseApps(text: string): AppsFile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which is full of secrets.
    return fault('is not JSON');
  }
  const parsed = appsSchema(z.object).safeParse(json);
  const faults = [...describe(parsed.error), ...placeFaults(json), ...endFaults(json)];
  const warnings = describe(appsSchema(z.strictObject).safeParse(json).error, 'unrecognized_keys');
  const apps = parsed.data?.apps ?? [];
  if (parsed.success && apps.length === 0) warnings.push('UMS_APPS has no apps: every request will be refused');
  return { apps, faults, warnings };
}

/** `object` makes the object schemas: either schemas that ignore unknown keys, or schemas that report them. */
function appsSchema(object: ObjectSchema) {
  const message = 'must be an object';
  const pack = object({ appPackage: nonEmpty, jpush: jpushSchema(object).optional() }, message);
  const app = object(
    {
      appId: z.string('must be a string').regex(/^[!-~]{1,40}$/, 'must be 1 to 40 visible ASCII characters'),
      appKey: nonEmpty,
      kind: z.enum(['terminal', 'cloud'], 'must be "terminal" or "cloud"'),
      packages: z.array(pack, 'must be a list').default([]),
    },
    message,
  );
  return object({ apps: z.array(app, 'must be a list') }, message);
}

function describe(error: z.ZodError | undefined, code?: 'unrecognized_keys'): string[] {
  return (error?.issues ?? [])
    .filter((issue) => code === undefined || issue.code === code)
    .map((issue) => {
      const text = issue.code === 'unrecognized_keys' ? `has unknown keys: ${issue.keys.join(', ')}` : issue.message;
      return `UMS_APPS ${[place(issue.path), text].filter(Boolean).join(' ')}`;
    });
}

function place(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

const lenient = z.object({
  apps: z.array(
    z
      .object({
        appId: z.unknown(),
        kind: z.unknown(),
        packages: z.array(z.object({ appPackage: z.unknown() }).catch({ appPackage: undefined })).catch([]),
      })
      .catch({ appId: undefined, kind: undefined, packages: [] }),
  ),
});

/** Faults that one entry alone can't show. They are looked for beside the schema, so that its faults hide none of them. */
function placeFaults(json: unknown): string[] {
  const apps = lenient.safeParse(json).data?.apps ?? [];
  const ids = apps.map(({ appId }, index) => ({ value: appId, at: `apps[${index}].appId` }));
  const packages = apps.flatMap((app, index) =>
    app.packages.map(({ appPackage }, at) => ({ value: appPackage, at: `apps[${index}].packages[${at}].appPackage` })),
  );
  const counts = apps.flatMap(({ kind, packages }, index) => {
    if (kind === 'terminal' && packages.length === 0) return [`apps[${index}].packages must name at least one package`];
    if (kind === 'cloud' && packages.length > 0) return [`apps[${index}].packages must be absent for a cloud app`];
    return [];
  });
  return [...counts, ...repeated(ids), ...repeated(packages)].map((text) => `UMS_APPS ${text}`);
}

function repeated(entries: readonly { value: unknown; at: string }[]): string[] {
  const first = new Map<unknown, string>();
  return entries.flatMap(({ value, at }) => {
    if (typeof value !== 'string' || value === '') return [];
    const earlier = first.get(value);
    if (earlier === undefined) first.set(value, at);
    return earlier === undefined ? [] : [`${at} must be unique, but ${earlier} is the same`];
  });
}

const NAMES_AND_KEYS: ReadonlySet<string> = new Set(['appId', 'appKey', 'appPackage', 'masterSecret']);

/** Names and keys are compared and signed as they are: one with a blank too many would match nothing. */
function endFaults(json: unknown, path: readonly PropertyKey[] = []): string[] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) => {
    const at = [...path, Array.isArray(json) ? Number(key) : key];
    if (typeof value !== 'string') return endFaults(value, at);
    return NAMES_AND_KEYS.has(key) && hasBlankEnds(value) ? [`UMS_APPS ${place(at)} ${HAS_BLANK_ENDS}`] : [];
  });
}
