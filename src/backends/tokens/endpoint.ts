/** One HTTP endpoint that is asked about tokens: bounded in time, size and connections, and never led elsewhere. */
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

/** @param url as it is called, so without a user part */
export function endpoint(url: string): Endpoint {
  const agent = new Agent({ connections: MAX_CONNECTIONS, maxResponseSize: MAX_ANSWER_BYTES });

  async function ask(options: EndpointRequest, signal: AbortSignal): Promise<unknown> {
    // Redirects are not followed: whoever answers with one is not the endpoint that was configured.
    const { statusCode, body } = await request(url, { ...options, dispatcher: agent, signal });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`it answered ${statusCode}`);
    return parseJson(text);
  }
  return {
    async ask(options) {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      try {
        return await ask(options, signal).catch((error: unknown) => {
          // A kept connection that the other side closed just then: asking is harmless, so once more.
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
