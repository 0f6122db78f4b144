/**
 * How a call of a port ends when what is behind it does not do its part. Every call of a store has a bound in time, a
 * read as well as a write: with its result or with StoreUnavailable it ends within `CALL_WITHIN_MS`, be the store away,
 * overloaded, or silent. Only what waits by its purpose is not bounded by that: the next batch of a subscription,
 * `Documents.reached` (by its own time), `Consumer.close` (by its grace).
 */

/** ms: ten seconds of patience, and what it takes to notice that they are over. */
export const CALL_WITHIN_MS = 12_000;

/**
 * The store is away, overloaded or silent. Of a write, the outcome is unknown: it may have taken effect, or may still do
 * so after this. Every write of a port may therefore be repeated. At the edge of the API: A00001, HTTP 503.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** Another service's deadline passed; no store's ever does. At the edge of the API: A00003, HTTP 503. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}
