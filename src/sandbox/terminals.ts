/** Virtual terminals behind the look-alike: they receive messages and report on them through the real API. */
import { setTimeout as wait } from 'node:timers/promises';
import type { App } from '../domain/apps.ts';
import { assertNever } from '../domain/decider.ts';
import type { ReportedStatus } from '../domain/status.ts';
import type { Registry } from './jpush/registry.ts';
import { callPatiently, type Pause } from './patient-call.ts';
import { type Incoming, readIncoming } from './terminal-message.ts';

export interface VirtualTerminal {
  readonly clientId: string;
  readonly appPackage: string;
  /** Registered with the look-alike. */
  readonly registrationId: string;
  /** The user who is logged in, if there is one. */
  readonly userId?: string;
}

export type TerminalEvent = { readonly clientId: string; readonly msgId: string } & (
  | { readonly type: 'reported'; readonly status: ReportedStatus }
  /** Seen before, dropped. */
  | { readonly type: 'repeated' }
  | { readonly type: 'takenOff'; readonly control: 'cancel' | 'erase' }
  | { readonly type: 'failed'; readonly reason: string }
);

export interface TerminalsOptions {
  readonly apiUrl: string;
  readonly app: Pick<App, 'appId' | 'appKey'>;
  readonly tokenSecret: string;
  readonly registry: Registry;
  readonly terminals: readonly VirtualTerminal[];
  readonly onEvent: (event: TerminalEvent) => void;
  /** 0 ≤ x < 1 */
  readonly random?: () => number;
  readonly pause?: Pause;
}

export interface Terminals {
  /** Disconnects all, drops the reports to come and waits for those under way. */
  close(): Promise<void>;
}

/** Earliest and latest time at which each report is due, in ms from the arrival. */
const steps: readonly { readonly status: ReportedStatus; readonly from: number; readonly to: number }[] = [
  { status: 2, from: 150, to: 400 },
  { status: 3, from: 500, to: 1200 },
  { status: 4, from: 1500, to: 3000 },
];

const SEEN_PER_TERMINAL = 1000;
const SHOWING_PER_TERMINAL = 200;

export function startTerminals(options: TerminalsOptions): Terminals {
  const devices = options.terminals.map((terminal) => startTerminal(terminal, options));
  return {
    async close() {
      await Promise.all(devices.map((device) => device.close()));
    },
  };
}

function startTerminal(terminal: VirtualTerminal, options: TerminalsOptions): Terminals {
  const { clientId } = terminal;
  const { onEvent } = options;
  const seen = new Set<string>();
  /** Messages on the screen, each with the function that takes it off. */
  const showing = new Map<string, AbortController>();
  const running = new Set<Promise<void>>();
  let closed = false;

  const show = (msgId: string): void => {
    if (closed) return;
    if (seen.has(msgId)) onEvent({ type: 'repeated', clientId, msgId });
    else if (showing.size >= SHOWING_PER_TERMINAL) onEvent({ type: 'failed', clientId, msgId, reason: 'too busy' });
    else {
      remember(seen, msgId);
      start(msgId);
    }
  };

  const start = (msgId: string): void => {
    const off = new AbortController();
    showing.set(msgId, off);
    const run = reportAll(terminal, msgId, options, off.signal).finally(() => {
      showing.delete(msgId);
      running.delete(run);
    });
    running.add(run);
  };

  /** A message that has not arrived yet is not shown when it does. */
  const takeOff = (msgId: string, control: 'cancel' | 'erase'): void => {
    remember(seen, msgId);
    showing.get(msgId)?.abort();
    onEvent({ type: 'takenOff', clientId, msgId, control });
  };

  const handle = (incoming: Incoming): void => {
    switch (incoming.type) {
      case 'message':
        show(incoming.msgId);
        break;
      case 'control':
        takeOff(incoming.msgId, incoming.control);
        break;
      case 'unreadable':
        onEvent({ type: 'failed', clientId, msgId: '?', reason: 'unreadable content' });
        break;
      default:
        assertNever(incoming);
    }
  };

  const disconnect = options.registry.connect(terminal.registrationId, ({ content }) => handle(readIncoming(content)));
  return {
    async close() {
      closed = true;
      disconnect();
      for (const off of showing.values()) off.abort();
      await Promise.all(running);
    },
  };
}

/** Reports one status after the other, each when it is due, and ends with the first that is refused. Never rejects. */
async function reportAll(
  terminal: VirtualTerminal,
  msgId: string,
  options: TerminalsOptions,
  off: AbortSignal,
): Promise<void> {
  const { random = Math.random, pause = defaultPause, onEvent } = options;
  const { clientId } = terminal;
  let elapsed = 0;
  try {
    for (const { status, from, to } of steps) {
      const due = from + random() * (to - from);
      await pause(due - elapsed, off);
      elapsed = due;
      const failure = await report(terminal, msgId, status, options, pause, off);
      if (failure !== undefined) return onEvent({ type: 'failed', clientId, msgId, reason: failure });
      onEvent({ type: 'reported', clientId, msgId, status });
    }
  } catch (error) {
    if (!off.aborted) onEvent({ type: 'failed', clientId, msgId, reason: String(error) });
  }
}

/** @returns the reason if it failed */
async function report(
  { clientId, appPackage, userId }: VirtualTerminal,
  msgId: string,
  status: ReportedStatus,
  { apiUrl: url, app, tokenSecret }: TerminalsOptions,
  pause: Pause,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = { appPackage, msgId, status };
  const call = { url, app, path: '/ums/v2/report', clientId, userId, tokenSecret, body };
  const answer = await callPatiently(call, pause, signal);
  if (answer.type === 'unanswered') return `report ${status}: ${answer.reason}`;
  return answer.retCode === '00000' ? undefined : `report ${status}: ${answer.retCode} ${answer.retInfo}`;
}

function remember(seen: Set<string>, msgId: string): void {
  seen.add(msgId);
  if (seen.size <= SEEN_PER_TERMINAL) return;
  const [oldest] = seen;
  if (oldest !== undefined) seen.delete(oldest);
}

async function defaultPause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}
