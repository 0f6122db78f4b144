/** The demo: a phone and a fridge of one user, and the commands to type first. */
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../domain/apps.ts';
import { assertNever } from '../domain/decider.ts';
import { DEMO_APP, FRIDGE_PACKAGE, PHONE_PACKAGE } from './demo-apps.ts';
import type { JPush } from './jpush/server.ts';
import type { JPushApp } from './jpush/types.ts';
import { callPatiently } from './patient-call.ts';
import { startTerminals, type TerminalEvent, type VirtualTerminal } from './terminals.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The apps that the look-alike has to accept. */
export function jpushAppsOf(apps: readonly App[]): JPushApp[] {
  return apps.flatMap(({ packages }) => packages.flatMap(({ jpush }) => jpush ?? []));
}

const demoTerminals = [
  { clientId: 'phone-1', appPackage: PHONE_PACKAGE, deviceType: '01', deviceName: "Alice's phone" },
  {
    clientId: 'fridge-1',
    appPackage: FRIDGE_PACKAGE,
    deviceType: '04',
    deviceName: 'The fridge',
    deviceId: 'fridge-mac-1',
  },
] as const;
const DEMO_USER = 'alice';

export interface SandboxOptions {
  readonly jpush: JPush;
  /** Where the service listens already. */
  readonly apiUrl: string;
  readonly apps: readonly App[];
  /** Secret of the HS256 verifier; without it the sandbox can't log anybody in. */
  readonly tokenSecret: string | undefined;
  /** Variables that a command in another terminal needs to find this service's data, by name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Prints one line on the console. */
  readonly print: (line: string) => void;
  /** Ends the registering early; startSandbox rejects then. */
  readonly signal?: AbortSignal;
}

export interface Sandbox {
  /** Commands to paste, with what they do; several lines. */
  readonly firstSteps: string;
  close(): Promise<void>;
}

/** Registers the demo terminals over the API and runs them. Without the demo apps it only says so. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { apps, tokenSecret } = options;
  const app = apps.find(({ appId }) => appId === DEMO_APP);
  if (app === undefined) return idle(`the apps file has no ${DEMO_APP}`);
  if (tokenSecret === undefined) return idle('tokens come from an issuer that the sandbox can not speak for');

  const { signal = new AbortController().signal } = options;
  const terminals: VirtualTerminal[] = [];
  for (const demo of demoTerminals) {
    const terminal = await register(demo, app, { ...options, tokenSecret }, signal);
    if (terminal !== undefined) terminals.push(terminal);
  }
  const running = startTerminals({
    apiUrl: options.apiUrl,
    app,
    tokenSecret,
    registry: options.jpush.registry,
    terminals,
    onEvent: (event) => options.print(describe(event)),
  });
  return { firstSteps: firstSteps(options), close: () => running.close() };
}

function idle(why: string): Sandbox {
  const firstSteps = `The sandbox has no virtual terminals: ${why}. JPush is still the local look-alike.`;
  return { firstSteps, close: async () => {} };
}

/** @returns `undefined` if the service refuses the terminal or the apps file has no app for it; the reason is printed */
async function register(
  { clientId, appPackage, ...device }: (typeof demoTerminals)[number],
  app: App,
  { jpush, apiUrl: url, tokenSecret, print }: SandboxOptions & { readonly tokenSecret: string },
  signal: AbortSignal,
): Promise<VirtualTerminal | undefined> {
  const credentials = app.packages.find((one) => one.appPackage === appPackage)?.jpush;
  if (credentials === undefined) {
    print(`sandbox: ${clientId} is missing, ${appPackage} has no JPush credentials`);
    return undefined;
  }
  const registrationId = jpush.registry.register(credentials.appKey);
  const body = { ...device, userId: DEMO_USER, clientId, pushId: registrationId, appPackage, collab3th: 0 };
  const call = { url, app, path: '/ums/v2/register', clientId, userId: DEMO_USER, tokenSecret, body };
  const answer = await callPatiently(call, pause, signal);
  if (answer.type === 'answered' && answer.retCode === '00000')
    return { clientId, appPackage, registrationId, userId: DEMO_USER };
  const why = answer.type === 'answered' ? `${answer.retCode} ${answer.retInfo}` : answer.reason;
  print(`sandbox: ${clientId} is missing, it could not register: ${why}`);
  return undefined;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}

const reported = { 2: 'received', 3: 'displayed', 4: 'answered' } as const;

function describe(event: TerminalEvent): string {
  const { clientId, msgId } = event;
  switch (event.type) {
    case 'reported':
      return `sandbox: ${clientId} ${reported[event.status]} ${msgId}`;
    case 'repeated':
      return `sandbox: ${clientId} dropped ${msgId}, it has seen it`;
    case 'takenOff':
      return `sandbox: ${clientId} took ${msgId} off its screen (${event.control})`;
    case 'failed':
      return `sandbox: ${clientId} failed with ${msgId}: ${event.reason}`;
    default:
      return assertNever(event);
  }
}

function firstSteps({ apiUrl, variables = {} }: SandboxOptions): string {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)} `);
  const at = apiUrl === DEFAULT_URL ? '' : ` --url ${apiUrl}`;
  const as = `--client fridge-1 --user ${DEMO_USER}${at}`;
  const call = (path: string, body: object): string =>
    `${set.join('')}npm run -s ums -- call ${path} '${JSON.stringify(body)}' ${as}`;
  const message = { dst: { type: 0, Id: ['phone-1'] }, message: { type: 'recipe', title: 'Dumplings' } };
  return [
    `Two virtual terminals of the user ${DEMO_USER} are registered: phone-1 and fridge-1.`,
    'In another terminal, let the fridge share a recipe with the phone:',
    '',
    `  ${call('/ums/v2/msgPush', message)}`,
    '',
    'and see how far it got, with the msgId of the answer (1 sent, 2 received, 3 displayed, 4 answered):',
    '',
    `  ${call('/ums/v2/getmsgstat', { msgId: 'PASTE-IT-HERE' })}`,
    '',
  ].join('\n');
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
