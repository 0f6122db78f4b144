/** Keeps accepted pushes, so that a test can count how often each message reached each terminal. */
import { type AcceptedPush, makeRoom } from './types.ts';

export interface JournalCounts {
  /** Pushes that took effect. */
  accepted: number;
  /** Registration ids of those, added up. */
  targets: number;
  /** Pushes that repeated a used cid and had no effect. */
  replayed: number;
  /** Refusals of pushes, by code. */
  readonly refused: Record<number, number>;
}

export interface Journal {
  readonly counts: JournalCounts;
  /** The newest accepted pushes, oldest first. */
  pushes(): readonly AcceptedPush[];
  find(msgId: string): AcceptedPush | undefined;
  add(push: AcceptedPush): void;
  addReplay(): void;
  addRefusal(code: number): void;
}

/** @param size how many pushes are kept; counts go on */
export function journal(size: number): Journal {
  const pushes = new Map<string, AcceptedPush>();
  const counts: JournalCounts = { accepted: 0, targets: 0, replayed: 0, refused: {} };
  return {
    counts,
    pushes: () => [...pushes.values()],
    find: (msgId) => pushes.get(msgId),
    add(push) {
      counts.accepted += 1;
      counts.targets += push.registrationIds.length;
      makeRoom(pushes, size);
      pushes.set(push.msgId, push);
    },
    addReplay() {
      counts.replayed += 1;
    },
    addRefusal(code) {
      counts.refused[code] = (counts.refused[code] ?? 0) + 1;
    },
  };
}
