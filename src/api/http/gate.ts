/** How much work is taken on at once; what comes on top of it, or while shutting down, is shed (A00001). */
export interface Gate {
  /** @returns false: shed it. After true, `leave` follows. */
  enter(): boolean;
  leave(): void;
  /** From now on everything is shed. */
  close(): void;
  readonly closed: boolean;
}

export function gate(maxInFlight: number): Gate {
  let inFlight = 0;
  let closed = false;
  return {
    enter() {
      if (closed || inFlight >= maxInFlight) return false;
      inFlight += 1;
      return true;
    },
    leave() {
      inFlight -= 1;
    },
    close() {
      closed = true;
    },
    get closed() {
      return closed;
    },
  };
}
