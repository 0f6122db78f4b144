/** A scripted provider, and a channel that talks to it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { appDirectory, type JPushAccount } from '../../../../src/domain/apps.ts';
import { type Clock, type MonotonicClock, systemClock } from '../../../../src/ports/clock.ts';
import type { Delivery, KeyedChannel } from '../../../../src/workers/channels/channel.ts';
import { jpushChannel } from '../../../../src/workers/channels/jpush/index.ts';

export const credentials: JPushAccount = {
  appKey: '7d431e42dfa6a6d693ac2d04',
  masterSecret: '5e987ac6d2e04d95a9d8f0d1',
};
export const PACKAGE = 'com.example.phone';
/** Of another JPush app. */
export const OTHER_PACKAGE = 'com.example.fridge';
export const otherCredentials: JPushAccount = { appKey: 'f'.repeat(24), masterSecret: 'e'.repeat(24) };

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly acceptEncoding: string | string[] | undefined;
  readonly body: string;
}

export interface ScriptedServer {
  readonly url: string;
  readonly seen: readonly Seen[];
}

type Script = (response: ServerResponse, seen: Seen) => void;

/** Closed when the test ends. */
export async function scriptedServer(script: Script): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const call = await callOf(request);
    seen.push(call);
    script(response, call);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function callOf(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { method = '', url = '', headers } = request;
  return {
    method,
    url,
    authorization: headers.authorization,
    acceptEncoding: headers['accept-encoding'],
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

export function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, headers);
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

export function errorBody(code: number, message = 'some text'): object {
  return { error: { code, message } };
}

export interface ChannelOptions {
  readonly clock?: Clock;
  /** Follows the clock where a test moves only that. */
  readonly monotonic?: MonotonicClock;
  readonly deadlineMs?: number;
  /** Of the package, beside its credentials. */
  readonly settings?: Omit<JPushAccount, 'appKey' | 'masterSecret'>;
}

/** Closed when the test ends. */
export function channelTo(
  url: string,
  { clock = systemClock, monotonic = { elapsed: () => clock.now() }, deadlineMs = 2000, settings }: ChannelOptions = {},
): KeyedChannel {
  const jpush = { ...credentials, ...settings };
  const packages = appDirectory([
    {
      appId: 'MB-TEST-0000',
      appKey: 'secret',
      kind: 'terminal',
      packages: [
        { appPackage: PACKAGE, jpush },
        { appPackage: OTHER_PACKAGE, jpush: otherCredentials },
        { appPackage: 'com.example.none' },
      ],
    },
  ]);
  const channel = jpushChannel({ url, packages, clock, monotonic, deadlineMs });
  onTestFinished(() => channel.close());
  return channel;
}

type Message = Extract<Delivery, { type: 'message' }>;

/** To these push ids, the n-th belonging to client `c<n>`. */
export function deliveryTo(pushIds: readonly string[], more: Partial<Message> = {}): Message {
  return {
    type: 'message',
    msgId: '20261124062500000ab12c00001',
    appPackage: PACKAGE,
    recipients: pushIds.map((pushId, index) => ({ clientId: `c${index}`, pushId })),
    payload: '{"msgId":"20261124062500000ab12c00001","message":{"secret":"grandmother"}}',
    timeToLive: 60,
    ...more,
  };
}

/** One that never aborts. */
export const unaborted = (): AbortSignal => new AbortController().signal;
