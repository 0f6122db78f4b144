/** Which terminals got which push, for the reports. */
import { makeRoom } from './types.ts';

export interface Receipts {
  add(msgId: string, registrationId: string): void;
  of(msgId: string): ReadonlySet<string>;
}

const nobody: ReadonlySet<string> = new Set();

/** @param size pushes that are remembered */
export function receipts(size: number): Receipts {
  const byPush = new Map<string, Set<string>>();
  return {
    add(msgId, registrationId) {
      const known = byPush.get(msgId);
      if (known !== undefined) {
        known.add(registrationId);
        return;
      }
      makeRoom(byPush, size);
      byPush.set(msgId, new Set([registrationId]));
    },
    of: (msgId) => byPush.get(msgId) ?? nobody,
  };
}
