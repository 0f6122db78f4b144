/** A token endpoint with chosen behaviour, clocks that a test moves, and signing keys. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import type { Clock, MonotonicClock } from '../../../src/ports/clock.ts';

/** Both clocks in one. */
export interface TestClock extends Clock, MonotonicClock {
  advance(ms: number): void;
  /** Moves the wall clock alone, as an operator or NTP does. */
  setBack(ms: number): void;
}

/** Starts on a whole second. */
export function testClock(start = 1_800_000_000_000): TestClock {
  let now = start;
  let elapsed = 0;
  return {
    now: () => now,
    elapsed: () => elapsed,
    advance(ms) {
      now += ms;
      elapsed += ms;
    },
    setBack(ms) {
      now -= ms;
    },
  };
}

export const seconds = (clock: Clock): number => clock.now() / 1000;

export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface TestEndpoint {
  readonly url: string;
  readonly seen: readonly Seen[];
  /** Sets its behaviour from now on. */
  behave(as: (request: Seen, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

export async function testEndpoint(): Promise<TestEndpoint> {
  const seen: Seen[] = [];
  let behaviour: (request: Seen, response: ServerResponse) => void = answer(404, '');
  const listener: RequestListener = async (request, response) => {
    const { method, url, headers } = request;
    const arrived = { method, url, headers, body: await text(request) };
    seen.push(arrived);
    behaviour(arrived, response);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    behave(as) {
      behaviour = as;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  return (_: Seen, response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** A server that compresses by default, as RFC 9110 allows where a request doesn't say which encodings it accepts. */
export function compressedUnlessRefused(body: unknown) {
  return ({ headers }: Seen, response: ServerResponse): void => {
    const text = JSON.stringify(body);
    if (headers['accept-encoding'] === 'identity') response.writeHead(200).end(text);
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(text));
  };
}

/** Useless answers, by name. */
export const uselessAnswers: Readonly<Record<string, (request: Seen, response: ServerResponse) => void>> = {
  'an error': answer(500, { active: true, sub: 'u1', keys: [] }),
  'another success': answer(204, ''),
  'a refusal of our credentials': answer(401, { error: 'invalid_client' }),
  'a redirect to a good answer': (request, response) =>
    request.url === '/good'
      ? answer(200, { active: true, sub: 'u1', keys: [] })(request, response)
      : answer(307, '', { location: '/good' })(request, response),
  'no JSON': answer(200, '<html>'),
  'JSON that is cut off': answer(200, '{"active":tr'),
  'another JSON value': answer(200, 'null'),
  'a list': answer(200, '[]'),
  'an object that says nothing': answer(200, '{}'),
  'values of other types': answer(200, { active: 'true', keys: 'none' }),
  'two megabytes': answer(200, { active: true, sub: 'u1', keys: [], padding: 'x'.repeat(2 * 1024 * 1024) }),
  'a connection that breaks': (_, response) => {
    response.socket?.destroy();
  },
  'half an answer': (_, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"active":true,');
    setImmediate(() => response.socket?.destroy());
  },
};

export interface SigningKey {
  readonly jwk: JWK;
  sign(claims: JWTPayload | Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

/** @param kid named in the set and in the tokens, if given */
export async function signingKey(alg: string, kid?: string): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    jwk: { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) },
    sign: (claims, header = {}) =>
      new SignJWT(claims as JWTPayload)
        .setProtectedHeader({ alg, ...(kid !== undefined && { kid }), ...header })
        .sign(privateKey),
  };
}

/** A good token in ways of writing that a lenient decoder takes for the same, by name. */
export function lenientSpellings(token: string): Readonly<Record<string, string>> {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return {
    'padding behind the signature': `${token}=`,
    'padding behind all parts': [header, payload, signature].map((part) => `${part}=`).join('.'),
    'a space in the payload': `${header}.${payload.slice(0, 3)} ${payload.slice(3)}.${signature}`,
    'a space in the signature': `${header}.${payload}.${signature.slice(0, 3)} ${signature.slice(3)}`,
    'a line feed at the end': `${token}\n`,
    'a tab at the start': `\t${token}`,
    'a character beyond ASCII': `${token}\u0100`,
    'a part more': `${token}.`,
    'other bits at the end that mean nothing': `${header}.${payload}.${withOtherSpareBits(signature)}`,
    'the other alphabet': `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`,
  };
}

/** @param part base64url of a number of bytes that 3 doesn't divide */
function withOtherSpareBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1) ?? '') + 1];
}
