/** The two status machines of `docs/api.md §3`: a registration's and a message target's. */

export const RegistrationStatus = { registered: 1, unregistered: 2, updated: 3 } as const;
export type RegistrationStatus = (typeof RegistrationStatus)[keyof typeof RegistrationStatus];

/** The status after a `register`: 2→1 (and a first one is 1), 1→3, 3→3. */
export function statusAfterRegister(current: RegistrationStatus | undefined): RegistrationStatus {
  switch (current) {
    case undefined:
    case RegistrationStatus.unregistered:
      return RegistrationStatus.registered;
    case RegistrationStatus.registered:
    case RegistrationStatus.updated:
      return RegistrationStatus.updated;
  }
}

export const MessageStatus = {
  notSent: 0,
  sent: 1,
  received: 2,
  displayed: 3,
  answered: 4,
  cancelled: 5,
  erased: 6,
} as const;
export type MessageStatus = (typeof MessageStatus)[keyof typeof MessageStatus];

export const messageStatuses = [0, 1, 2, 3, 4, 5, 6] as const satisfies readonly MessageStatus[];

/** The statuses that a terminal may report. */
export type ReportedStatus = 2 | 3 | 4;

/** From where each status may be reached. */
const allowedFrom: Record<MessageStatus, readonly MessageStatus[]> = {
  0: [],
  1: [0],
  2: [0, 1],
  3: [0, 1, 2],
  4: [0, 1, 2, 3],
  5: [0, 1, 2, 3, 4],
  6: [0, 1, 2, 3, 4, 5],
};

/** Whether one target may go from `from` to `to`; the same status twice or a step back is not allowed (H32008). */
export function mayBecome(from: MessageStatus, to: MessageStatus): boolean {
  return allowedFrom[to].includes(from);
}

export type StatusCounts = Record<`${MessageStatus}`, number>;

/** How many targets stand at each status. */
export function countByStatus(statuses: Iterable<MessageStatus>): StatusCounts {
  const counts: StatusCounts = { '0': 0, '1': 0, '2': 0, '3': 0, '4': 0, '5': 0, '6': 0 };
  for (const status of statuses) counts[`${status}`] += 1;
  return counts;
}

/**
 * The status of a message: the highest of its targets', of which 5 and 6 count only when all targets have them.
 * No target at all is "not sent".
 */
export function messageStatusOf(counts: StatusCounts): MessageStatus {
  for (const status of [4, 3, 2, 1, 0] as const) if (counts[`${status}`] > 0) return status;
  if (counts['5'] > 0) return MessageStatus.cancelled;
  return counts['6'] > 0 ? MessageStatus.erased : MessageStatus.notSent;
}
