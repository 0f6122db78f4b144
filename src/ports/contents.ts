/**
 * Message contents. They are kept outside the log, so that they can be erased, and are encrypted at rest. Every
 * connection sees the effect of every answered call, through any connection.
 * @throws StoreUnavailable within `CALL_WITHIN_MS` (`errors.ts`)
 */
export interface Contents {
  /**
   * Stores a content durably. If the id is taken or was deleted, nothing changes: an erased content does not come back,
   * however late its put arrives or how often an append is repeated.
   */
  put(id: string, text: string): Promise<void>;
  /** Returns the text as it was put, or `undefined` if it was erased or never put. */
  get(id: string): Promise<string | undefined>;
  /** Erases a content for good, even one that has not been put yet. May be called again. */
  delete(id: string): Promise<void>;
}
