/** Leases of which each is free: for tests of what is done under one. */
import type { Leases } from '../../src/ports/leases.ts';

export function freeLeases(): Leases {
  let token = 0n;
  return {
    async acquire(name, signal) {
      if (signal.aborted) return undefined;
      token += 1n;
      return { name, token, lost: new AbortController().signal, release: async () => undefined };
    },
  };
}
