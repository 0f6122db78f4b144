/** The store is away, overloaded or its outcome is unknown. At the edge of the API: A00001, HTTP 503. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** A deadline passed. At the edge of the API: A00003, HTTP 503. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}
