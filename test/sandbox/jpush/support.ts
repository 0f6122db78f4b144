/** A look-alike that a test talks to by plain HTTP. */
import { onTestFinished } from 'vitest';
import { type JPush, type JPushSettings, startJPush } from '../../../src/sandbox/jpush/server.ts';

export const app = { appKey: '7d431e42dfa6a6d693ac2d04', masterSecret: '5e987ac6d2e04d95a9d8f0d1' };
export const other = { appKey: 'ffffffffffffffffffffffff', masterSecret: 'eeeeeeeeeeeeeeeeeeeeeeee' };

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: any answer, for assertions
  readonly json: any;
}

export interface TestJPush extends JPush {
  call(method: string, path: string, body?: unknown, as?: typeof app, signal?: AbortSignal): Promise<Answered>;
  push(body: unknown): Promise<Answered>;
  cid(): Promise<string>;
}

/** Closed when the test ends. */
export async function testJPush(settings: Partial<JPushSettings> = {}): Promise<TestJPush> {
  const jpush = await startJPush({ apps: [app, other], ...settings });
  onTestFinished(() => jpush.close());
  const call: TestJPush['call'] = async (method, path, body, as = app, signal) => {
    const response = await fetch(jpush.url + path, {
      method,
      headers: { authorization: `Basic ${btoa(`${as.appKey}:${as.masterSecret}`)}` },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    ...jpush,
    call,
    push: (body) => call('POST', '/v3/push', body),
    cid: async () => (await call('GET', '/v3/push/cid')).json.cidlist[0],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function pushTo(ids: readonly string[], more: object = {}): Record<string, unknown> {
  return {
    platform: 'all',
    audience: { registration_id: ids },
    message: { msg_content: '{}' },
    ...more,
  };
}
