/** From the bytes of a body to the JSON object in it (`docs/api.md §2`), without a framework's opinion in between. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { httpRefusal, type Refusal } from './envelope.ts';
import { withoutSpace } from './signature.ts';

export interface Body {
  readonly type: 'body';
  /** The JSON text as it was sent; `{}` for a blank body. */
  readonly text: string;
  /** What the signature covers: the sent text without its white space. */
  readonly signed: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Who still sends can't hear an answer: the rest of a body over the limit is read, and dropped, for so long (in ms) and
 * up to so many times the limit.
 */
const DRAIN_MS = 500;
const DRAIN_FACTOR = 64;

const BLANK = /^[ \t\n\v\f\r]*$/;
const JSON_TYPE = /^[ \t]*application\/json[ \t]*(?:;|$)/i;
const blankBody: Body = { type: 'body', text: '{}', signed: '', value: {} };

const tooLarge = httpRefusal(413, 'B00006', 'body');

/** Reads a whole body, `maxBytes` at most. @returns `undefined` if the client went away before it was complete */
export function readBytes(source: IncomingMessage, maxBytes: number): Promise<Buffer | Refusal | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let draining: NodeJS.Timeout | undefined;
    const done = (result: Buffer | Refusal | undefined): void => {
      clearTimeout(draining);
      resolve(result);
    };
    const drain = (): void => {
      draining ??= setTimeout(done, DRAIN_MS, tooLarge);
    };
    if (Number(source.headers['content-length']) > maxBytes) drain();
    source.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) drain();
      else chunks.push(chunk);
      if (size > maxBytes * DRAIN_FACTOR) done(tooLarge);
    });
    source.once('end', () => done(size > maxBytes ? tooLarge : wholeOf(chunks)));
    source.once('error', () => done(undefined));
    source.once('close', () => done(undefined));
  });
}

function wholeOf(chunks: Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/**
 * @param options.input `optional`: the endpoint has no input, so `""` and a missing content type are fine too
 * @returns the body, or 415 or 400 with B00004
 */
export function parseBody(
  bytes: Buffer,
  contentType: string | undefined,
  options: { readonly input: 'object' | 'optional' },
): Body | Refusal {
  if (bytes.length === 0) return blankBody;
  const text = bytes.toString('utf8');
  if (BLANK.test(text)) return blankBody;
  const isJson = contentType === undefined ? options.input === 'optional' : JSON_TYPE.test(contentType);
  if (!isJson) return httpRefusal(415, 'B00004', 'content-type');
  if (!isUtf8(bytes)) return malformed('body is not UTF-8');

  const value = parsed(text);
  if (value === '' && options.input === 'optional') return { ...blankBody, signed: withoutSpace(text) };
  if (!isObject(value)) return malformed(value === undefined ? 'body is not JSON' : 'body is not a JSON object');
  return { type: 'body', text, signed: withoutSpace(text), value };
}

/** @returns `undefined` for what is not JSON, or nested deeper than the parser goes */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(detail: string): Refusal {
  return httpRefusal(400, 'B00004', detail);
}
