/**
 * Message contents, outside the log, so that they can be forgotten. Encrypted at rest. Every connection sees the effect of
 * every answered call, of any connection. @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`)
 */
export interface Contents {
  /**
   * Durable on return. An id that is taken is left as it is, and so is one that was deleted: an erased content does not
   * come back, however late its put arrives or how often an append is repeated.
   */
  put(id: string, text: string): Promise<void>;
  /** The very text that was put, or `undefined` once it is erased or if it never was. */
  get(id: string): Promise<string | undefined>;
  /** Erases for good, also an id that has not been put yet; again is fine. */
  delete(id: string): Promise<void>;
}
