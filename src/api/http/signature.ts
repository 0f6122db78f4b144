/** The signature of a request (`docs/api.md §2 Signature`). */
import { hash, timingSafeEqual } from 'node:crypto';

const SPACE = /[ \t\n\v\f\r]/;
const SPACES = /[ \t\n\v\f\r]+/g;

/** Removes the white space of a text, six ASCII characters, also inside string values. */
export function withoutSpace(text: string): string {
  return SPACE.test(text) ? text.replace(SPACES, '') : text;
}

export interface SignedParts {
  /** Without the query string, as it was sent. */
  readonly path: string;
  /** The body `withoutSpace`. */
  readonly body: string;
  readonly appId: string;
  readonly appKey: string;
  /** As it was sent. */
  readonly timestamp: string;
}

/** Lowercase hex SHA-256 over the parts in this order, nothing between them. */
export function signatureOf(parts: SignedParts): string {
  return hash('sha256', parts.path + parts.body + parts.appId + parts.appKey + parts.timestamp);
}

/** Compares in constant time; an uppercase `sign` is wrong. */
export function isSignedBy(parts: SignedParts, sign: string): boolean {
  const expected = Buffer.from(signatureOf(parts), 'latin1');
  const given = Buffer.from(sign, 'utf8');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
