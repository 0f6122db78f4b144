/** One HTTP exchange with JPush: keep-alive, bounded in connections, time and size. Knows nothing of the content. */
import { type Dispatcher, Pool } from 'undici';

/** An app that hangs uses up its own connections and no other's. */
const CONNECTIONS_PER_APP = 32;
const MAX_BODY_BYTES = 64 * 1024;

export interface Call {
  /** Whose connections are used. */
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
      /** Empty where the body broke off, or was longer than 64 KiB. */
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
      maxResponseSize: MAX_BODY_BYTES,
    });
    pools.set(appKey, pool);
    return pool;
  };

  return {
    async call(call, signal) {
      signal.throwIfAborted();
      const limit = deadline(deadlineMs, signal);
      try {
        const response = await poolOf(call.appKey).request({
          method: call.method,
          path: root + call.path,
          headers: headersOf(call),
          body: call.body ?? null,
          signal: limit.signal,
        });
        const text = await readText(response.body);
        signal.throwIfAborted();
        return answered(response, text);
      } catch (error) {
        signal.throwIfAborted();
        return {
          type: 'unanswered',
          reason: limit.signal.aborted ? `no answer within ${deadlineMs} ms` : `connection failed: ${nameOf(error)}`,
        };
      } finally {
        limit.clear();
      }
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

/** A signal that aborts with `outer`, or after `ms`. */
function deadline(ms: number, outer: AbortSignal): { readonly signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  outer.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      outer.removeEventListener('abort', abort);
    },
  };
}

function headersOf(call: Call): Record<string, string> {
  const headers: Record<string, string> = { authorization: call.authorization, accept: 'application/json' };
  if (call.body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
  return headers;
}

function answered({ statusCode, headers }: Dispatcher.ResponseData, text: string): Reply {
  return {
    type: 'answered',
    status: statusCode,
    header(name) {
      const value = headers[name];
      return Array.isArray(value) ? value[0] : value;
    },
    text,
  };
}

/** A body that breaks off or is too long is as good as none: the status line has said the main thing already. */
async function readText(body: Dispatcher.ResponseData['body']): Promise<string> {
  try {
    return await body.text();
  } catch {
    return '';
  }
}

/** The name of a network error. Its message could quote the request, so it is left out. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : error.name;
}
