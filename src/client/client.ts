/** A small client of UMS that signs its requests: for `ums call` and the virtual terminals. */
import { createHash } from 'node:crypto';
import { SignJWT } from 'jose';
import { request } from 'undici';
import type { App } from '../domain/apps.ts';

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const TOKEN_LIFE_SECONDS = 3600;

export interface UmsRequest {
  /** Where the service listens, `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly app: Pick<App, 'appId' | 'appKey'>;
  /** Path of the endpoint, `/ums/v2/msgPush`; a query may follow. */
  readonly path: string;
  /** JSON text; sent and signed as it is. */
  readonly body: string;
  readonly clientId?: string;
  readonly token?: string;
  readonly sequenceId?: string;
  /** For connecting, sending and reading the answer together. */
  readonly timeoutMs: number;
}

/**
 * Sends a request; an answer of any HTTP status is an answer.
 * @throws the error of the network or, at the timeout, one named TimeoutError
 */
export async function callUms(call: UmsRequest): Promise<{ status: number; text: string }> {
  const response = await request(new URL(call.path, call.url), {
    method: 'POST',
    headers: headersOf(call, Date.now()),
    body: call.body,
    signal: AbortSignal.timeout(call.timeoutMs),
  });
  return { status: response.statusCode, text: await readText(response.body) };
}

function headersOf({ app, path, body, clientId, token, sequenceId }: UmsRequest, now: number): Record<string, string> {
  const timestamp = String(now);
  return {
    'content-type': 'application/json',
    appId: headerValue(app.appId),
    timestamp,
    sign: sign(path, body, app, timestamp),
    ...(clientId !== undefined && { clientId: headerValue(clientId) }),
    ...(token !== undefined && { accessToken: headerValue(token) }),
    ...(sequenceId !== undefined && { sequenceId: headerValue(sequenceId) }),
  };
}

/** Headers are bytes, and the service reads them as UTF-8 (`docs/api.md §2 Headers`); HTTP clients take one character a byte. */
function headerValue(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The signature of a request (`docs/api.md §2 Signature`), in lowercase hex. */
export function sign(path: string, body: string, app: UmsRequest['app'], timestamp: string): string {
  const [pathname = ''] = path.split('?');
  const tight = body.replace(/[ \t\n\v\f\r]/g, '');
  return createHash('sha256').update(`${pathname}${tight}${app.appId}${app.appKey}${timestamp}`).digest('hex');
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export interface TokenOptions {
  /** The only terminal that may use the token; without it every terminal may. */
  readonly clientId?: string;
  /** 3600 by default. */
  readonly expiresInSeconds?: number;
}

/** Makes an accessToken that the HS256 verifier accepts (`docs/api.md §2 Tokens`). @param secret text of `UMS_TOKEN_SECRET` */
export function mintToken(secret: string, userId: string, options: TokenOptions = {}): Promise<string> {
  const { clientId, expiresInSeconds = TOKEN_LIFE_SECONDS } = options;
  return new SignJWT(clientId === undefined ? {} : { client_id: clientId })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInSeconds)
    .sign(Buffer.from(secret, 'utf8'));
}
