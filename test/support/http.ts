/** A client of UMS for tests: keeps its connections, signs its requests, remembers the secrets that must not show up in logs. */
import { Agent, request } from 'undici';
import { mintToken, sign } from '../../src/client/client.ts';
import type { App } from '../../src/domain/apps.ts';

export interface Answer<D = unknown> {
  readonly status: number;
  readonly retCode: string;
  readonly retInfo: string;
  readonly data: D;
  readonly text: string;
}

export interface Call {
  readonly app: Pick<App, 'appId' | 'appKey'>;
  /** `msgPush`, or a whole path. */
  readonly endpoint: string;
  /** JSON text is sent as it is. */
  readonly body?: object | string;
  readonly clientId?: string | undefined;
  /** Whose token is sent; none without. */
  readonly user?: string | undefined;
  readonly sequenceId?: string | undefined;
  readonly timeoutMs?: number;
}

/** The answer broke off after its head had come, which must never happen. */
export class HalfAnAnswer extends Error {
  override readonly name = 'HalfAnAnswer';
}

export interface UmsClient {
  /** @throws errors of the network; HalfAnAnswer; any HTTP status is an answer */
  call<D = unknown>(call: Call): Promise<Answer<D>>;
  /** Headers and body of a signed request, to be sent by other means. */
  signed(call: Call): Promise<{ path: string; headers: Record<string, string>; body: string }>;
  /** Tokens and signatures that were sent. */
  readonly secrets: Set<string>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 15_000;
/** So many of the secrets that were sent are kept, to look for them in the logs. */
const MAX_SECRETS = 2000;

export interface ClientOptions {
  /** Asked for each call: a service that was started again listens elsewhere. */
  readonly url: () => string;
  readonly tokenSecret: string;
  readonly connections?: number;
}

export function umsClient({ url, tokenSecret, connections = 64 }: ClientOptions): UmsClient {
  const agent = new Agent({ connections, pipelining: 1 });
  const tokens = new Map<string, Promise<string>>();
  const secrets = new Set<string>();

  const remember = (secret: string): void => {
    if (secrets.size < MAX_SECRETS) secrets.add(secret);
  };

  const tokenOf = (user: string): Promise<string> => {
    const known = tokens.get(user) ?? mintToken(tokenSecret, user);
    tokens.set(user, known);
    return known;
  };

  const signed: UmsClient['signed'] = async ({ app, endpoint, body = {}, clientId, user, sequenceId }) => {
    const path = endpoint.startsWith('/') ? endpoint : `/ums/v2/${endpoint}`;
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const timestamp = String(Date.now());
    const signature = sign(path, text, app, timestamp);
    remember(signature);
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      appId: app.appId,
      timestamp,
      sign: signature,
    };
    if (clientId !== undefined) headers.clientId = clientId;
    if (sequenceId !== undefined) headers.sequenceId = sequenceId;
    if (user !== undefined) {
      headers.accessToken = await tokenOf(user);
      remember(headers.accessToken);
    }
    return { path, headers, body: text };
  };

  return {
    signed,
    secrets,
    async call<D>(call: Call): Promise<Answer<D>> {
      const { path, headers, body } = await signed(call);
      const response = await request(new URL(path, url()), {
        method: 'POST',
        headers,
        body,
        dispatcher: agent,
        signal: AbortSignal.timeout(call.timeoutMs ?? TIMEOUT_MS),
      });
      const text = await response.body.text().catch((error: Error) => {
        throw new HalfAnAnswer(error.message);
      });
      return { ...envelopeOf<D>(text), status: response.statusCode, text };
    },
    close: () => agent.destroy(),
  };
}

function envelopeOf<D>(text: string): { retCode: string; retInfo: string; data: D } {
  const { retCode, retInfo, data } = JSON.parse(text) as Record<string, unknown>;
  if (typeof retCode !== 'string' || typeof retInfo !== 'string' || data === undefined)
    throw new Error(`no envelope: ${text.slice(0, 200)}`);
  return { retCode, retInfo, data: data as D };
}
