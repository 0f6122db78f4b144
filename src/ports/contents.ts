/** Message contents, outside the log, so that they can be forgotten. Encrypted at rest. */
export interface Contents {
  /** Durable on return. An id that is taken is left as it is. */
  put(id: string, text: string): Promise<void>;
  /** The very text that was put, or `undefined` once it is erased or if it never was. */
  get(id: string): Promise<string | undefined>;
  /** Erases; nothing to erase is fine. */
  delete(id: string): Promise<void>;
}
