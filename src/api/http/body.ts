/**
 * Turns the bytes of a body into a JSON object (`docs/api.md §2`), by our own rules and not by those of a framework.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { reject } from '../../domain/result-codes.ts';
import type { UnfinishedBodies, UnfinishedBody } from '../admission/unfinished-bodies.ts';
import { httpRefusal, type Refusal } from './envelope.ts';
import { withoutSpace } from './signature.ts';

export interface Body {
  readonly type: 'body';
  /** The JSON text as it was sent; `{}` for a blank body. */
  readonly text: string;
  /** The part that the signature covers: the sent text without its white space. */
  readonly signed: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * A client that is still sending can't receive an answer. So the rest of a refused body is read and dropped, for this
 * long (in ms) and up to a multiple of the limit.
 */
const DRAIN_MS = 500;
const DRAIN_FACTOR = 64;

const BLANK = /^[ \t\n\v\f\r]*$/;
const JSON_TYPE = /^[ \t]*application\/json[ \t]*(?:;|$)/i;
const blankBody: Body = { type: 'body', text: '{}', signed: '', value: {} };

const tooLarge: Refusal = { ...httpRefusal(413, 'B00006', 'body'), last: true };
const madeWay: Refusal = { ...reject('A00001'), last: true };

export interface BodyBounds {
  readonly maxBytes: number;
  readonly unfinished: UnfinishedBodies;
  /** Called at once with what refuses the body while it is not complete. */
  readonly onReading?: (makeWay: () => void) => void;
}

/**
 * Reads a whole body.
 * @returns 413 for a body over the limit; 503 for one that is not complete while there are too many of them;
 * `undefined` if the client went away before it was complete
 */
export function readBytes(
  source: IncomingMessage,
  { maxBytes, unfinished, onReading }: BodyBounds,
): Promise<Buffer | Refusal | undefined> {
  return new Promise((resolve) => {
    const length = Number(source.headers['content-length']);
    let chunks: Buffer[] = [];
    let size = 0;
    let refusal: Refusal | undefined;
    let draining: NodeJS.Timeout | undefined;
    let counted: UnfinishedBody | undefined;
    const done = (result: Buffer | Refusal | undefined): void => {
      clearTimeout(draining);
      counted?.end();
      resolve(result);
    };
    const drain = (why: Refusal): void => {
      if (refusal !== undefined) return;
      refusal = why;
      chunks = [];
      counted?.end();
      draining = setTimeout(done, DRAIN_MS, why);
    };
    onReading?.(() => drain(madeWay));
    if (length > maxBytes) drain(tooLarge);
    source.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) drain(tooLarge);
      if (size > maxBytes * DRAIN_FACTOR) done(tooLarge);
      if (refusal !== undefined) return;
      chunks.push(chunk);
      // Nearly every body is complete with its first piece.
      if (size === length) return;
      counted ??= unfinished.begin(() => drain(madeWay));
      counted.grew(chunk.length);
    });
    source.once('end', () => done(refusal ?? wholeOf(chunks)));
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

/** @returns `undefined` for text that is not JSON, or that is nested deeper than the parser goes */
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
