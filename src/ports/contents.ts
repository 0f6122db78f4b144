/**
 * Message contents, outside the log, so that they can be forgotten. Encrypted at rest. Every connection sees what a call
 * has answered, whoever made it. @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`)
 */
export interface Contents {
  /**
   * Durable on return. An id that is taken is left as it is, and so is one that was deleted: what was erased does not
   * come back, however late a put of it arrives or how often an append is repeated.
   */
  put(id: string, text: string): Promise<void>;
  /** The very text that was put, or `undefined` once it is erased or if it never was. */
  get(id: string): Promise<string | undefined>;
  /** Erases for good, also what has not been put yet; again is fine. */
  delete(id: string): Promise<void>;
}
