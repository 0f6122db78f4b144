/** W3C trace context: events carry the caller's `traceparent`, or a fresh one. */
import { randomFillSync } from 'node:crypto';

const VALID = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const SPAN = /-[0-9a-f]{16}-/;
const TRACE_BYTES = 16;
const SPAN_BYTES = 8;

/** Random bytes are fetched for many events at once. */
const pool = Buffer.alloc(512 * (TRACE_BYTES + SPAN_BYTES));
let used = pool.length;

/** Returns the given `traceparent` if it is valid, else a fresh one. */
export function traceparentOf(given: string | undefined): string {
  if (given !== undefined && VALID.test(given)) return given;
  return `00-${randomHex(TRACE_BYTES)}-${randomHex(SPAN_BYTES)}-01`;
}

/** The same trace with a span of its own. */
export function nextSpan(traceparent: string): string {
  return traceparent.replace(SPAN, `-${randomHex(SPAN_BYTES)}-`);
}

function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}
