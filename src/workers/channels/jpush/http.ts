/** HTTP calls to JPush: keep-alive, bounded in connections, time and size. Knows nothing of the content. */
import { Pool } from 'undici';
import { type Exchanged, exchange } from './exchange.ts';

/** An app that hangs uses up its own connections and no other's. */
const CONNECTIONS_PER_APP = 32;
const MAX_BODY_BYTES = 64 * 1024;

export interface Call {
  /** The app whose connections are used. */
  readonly appKey: string;
  readonly method: 'GET' | 'POST';
  /** From the root of the API, with its query string. */
  readonly path: string;
  readonly authorization: string;
  readonly body?: string;
}

export type Reply =
  | {
      readonly type: 'answered';
      readonly status: number;
      /** Value of a header by its lowercase name. */
      readonly header: (name: string) => string | undefined;
      /** Empty where the body broke off, was longer than 64 KiB, or is compressed although that was not asked for. */
      readonly text: string;
    }
  /** No status line came back; whether the call was carried out is unknown. */
  | { readonly type: 'unanswered'; readonly reason: string };

export interface JPushHttp {
  /** Resolves within the deadline. @throws the signal's reason once it is aborted, nothing else */
  call(call: Call, signal: AbortSignal): Promise<Reply>;
  /** Ends running calls (as `unanswered`) and every connection. */
  close(): Promise<void>;
}

/** @param url root of the API, may have a path @param deadlineMs for a whole call, body included */
export function jpushHttp(url: string, deadlineMs: number): JPushHttp {
  const { origin, pathname } = new URL(url);
  const root = pathname.replace(/\/+$/, '');
  const pools = new Map<string, Pool>();

  const poolOf = (appKey: string): Pool => {
    const known = pools.get(appKey);
    if (known !== undefined) return known;
    // HTTP/1.1, so that a connection that breaks takes one call with it and not a hundred.
    const pool = new Pool(origin, {
      connections: CONNECTIONS_PER_APP,
      allowH2: false,
      connectTimeout: deadlineMs,
      // The deadline of a call covers both.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_BODY_BYTES,
    });
    pools.set(appKey, pool);
    return pool;
  };

  return {
    async call(call, signal) {
      signal.throwIfAborted();
      const { appKey, method, path, body } = call;
      const options = { method, path: root + path, headers: headersOf(call), body: body ?? null };
      return replyOf(await exchange(poolOf(appKey), options, deadlineMs, signal), deadlineMs);
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function headersOf({ authorization, body }: Call): Record<string, string> {
  const headers: Record<string, string> = {
    authorization,
    accept: 'application/json',
    // Nothing here decompresses.
    'accept-encoding': 'identity',
  };
  if (body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
  return headers;
}

function replyOf(exchanged: Exchanged, deadlineMs: number): Reply {
  if (exchanged.type === 'unanswered') {
    const reason = exchanged.late
      ? `no answer within ${deadlineMs} ms`
      : `connection failed: ${nameOf(exchanged.error)}`;
    return { type: 'unanswered', reason };
  }
  const { status, headers, text } = exchanged;
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const isPlain = /^\s*(identity)?\s*$/i.test(header('content-encoding') ?? '');
  return { type: 'answered', status, header, text: isPlain ? text : '' };
}

/** The name of a network error. Its message could quote the request, so it is left out. */
function nameOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}
