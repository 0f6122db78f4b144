/** Bounds the bytes of incomplete bodies: any number of clients may send half a body and wait. */

/** The cost of a piece of a body beside its bytes: many single bytes must count for more than their size. */
const PIECE_BYTES = 128;

export interface UnfinishedBody {
  /** Another piece has arrived. */
  grew(bytes: number): void;
  /** The body is complete, or is not needed any more. */
  end(): void;
}

export interface UnfinishedBodies {
  /** @param giveUp called once if the body has to make way for newer ones */
  begin(giveUp: () => void): UnfinishedBody;
}

/** Beyond the bound the oldest body gives up: one that is sent as usual is complete long before it is the oldest. */
export function unfinishedBodies(maxBytes: number): UnfinishedBodies {
  const bodies = new Set<{ bytes: number; readonly giveUp: () => void }>();
  let total = 0;
  return {
    begin(giveUp) {
      const body = { bytes: 0, giveUp };
      bodies.add(body);
      const end = (): void => {
        if (bodies.delete(body)) total -= body.bytes;
      };
      return {
        grew(bytes) {
          if (!bodies.has(body)) return;
          body.bytes += bytes + PIECE_BYTES;
          total += bytes + PIECE_BYTES;
          for (const oldest of bodies) {
            if (total <= maxBytes) break;
            bodies.delete(oldest);
            total -= oldest.bytes;
            oldest.giveUp();
          }
        },
        end,
      };
    },
  };
}
