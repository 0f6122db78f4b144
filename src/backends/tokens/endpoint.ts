/** Calls one HTTP endpoint about tokens: bounded in time, size and connections; follows no redirects. */
import { Agent, type Dispatcher, request } from 'undici';
import { DeadlineExceeded } from '../../ports/errors.ts';

/** From the start of a call to the last byte of its answer (`docs/api.md §2 Tokens`). */
const TIMEOUT_MS = 2_000;
const MAX_ANSWER_BYTES = 1024 * 1024;
const MAX_CONNECTIONS = 32;

export type EndpointRequest = Pick<Dispatcher.RequestOptions, 'method'> & {
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

export interface Endpoint {
  /** The answer's JSON. @throws DeadlineExceeded for anything but a 200 with JSON within 2 s */
  ask(options: EndpointRequest): Promise<unknown>;
  close(): Promise<void>;
}

/** @param url without a user part */
export function endpoint(url: string): Endpoint {
  const agent = new Agent({ connections: MAX_CONNECTIONS, maxResponseSize: MAX_ANSWER_BYTES });

  async function ask(options: EndpointRequest, signal: AbortSignal): Promise<unknown> {
    // Without this header a server may choose any encoding (RFC 9110 §12.5.3), and undici's `request` decodes none.
    const wanted = { ...options.headers, 'accept-encoding': 'identity' };
    // Redirects are not followed: an answer from elsewhere is not from the endpoint that was configured.
    const { statusCode, headers, body } = await request(url, {
      ...options,
      headers: wanted,
      dispatcher: agent,
      signal,
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
    if (!isPlain(headers['content-encoding'])) throw new Error('it answered in an encoding that was not asked for');
    return parseJson(text);
  }
  return {
    async ask(options) {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      try {
        return await ask(options, signal).catch((error: unknown) => {
          // The other side may have just closed a kept connection. Asking is harmless, so it is tried once more.
          if (isLostConnection(error) && !signal.aborted) return ask(options, signal);
          throw error;
        });
      } catch (cause) {
        throw new DeadlineExceeded('the token endpoint is away or gives no usable answer', { cause });
      }
    },
    close: () => agent.close(),
  };
}

function isPlain(encoding: string | string[] | undefined): boolean {
  return encoding === undefined || /^\s*(identity)?\s*$/i.test(String(encoding));
}

/** The parser's own message would quote the answer, and errors are logged. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('it answered no JSON');
  }
}

function isLostConnection(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET');
}
