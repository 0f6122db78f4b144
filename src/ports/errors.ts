/**
 * Errors of ports when the store or service behind them fails. Every call of a store, read or write, ends within
 * `CALL_WITHIN_MS`, with its result or with StoreUnavailable, whether the store is away, overloaded or silent. Exceptions
 * are calls whose purpose is to wait: the next batch of a subscription, `Documents.reached` (bounded by its own time),
 * `Consumer.close` (bounded by its grace).
 */

/** ms: ten seconds of patience, and the time to notice that they are over. */
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
