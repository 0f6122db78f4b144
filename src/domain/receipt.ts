/** One terminal's reports on one message. A terminal may be a target in several of its packages; each counts by itself. */
import { assertNever, type Decider, decided } from './decider.ts';
import type { ReceiptEvent, TargetRef } from './events.ts';
import { reject } from './result-codes.ts';
import { MessageStatus, mayBecome, type ReportedStatus } from './status.ts';

/** appPackage → the highest status reported. */
export type ReceiptState = ReadonlyMap<string, ReportedStatus>;

export interface ReportCommand {
  readonly type: 'Report';
  readonly msgId: string;
  readonly target: TargetRef;
  readonly status: ReportedStatus;
  /** How the message itself stands for this target: 5 or 6 close it for reports. */
  readonly closedBy?: 5 | 6 | undefined;
}

const reportedBy = { MessageReceived: 2, MessageDisplayed: 3, MessageAnswered: 4 } as const;
const eventFor = { 2: 'MessageReceived', 3: 'MessageDisplayed', 4: 'MessageAnswered' } as const;

/** The status that a receipt event stands for. */
export function reportedStatus(event: ReceiptEvent): ReportedStatus {
  switch (event.type) {
    case 'MessageReceived':
    case 'MessageDisplayed':
    case 'MessageAnswered':
      return reportedBy[event.type];
    default:
      return assertNever(event);
  }
}

export const receiptDecider: Decider<ReceiptState, ReportCommand, ReceiptEvent> = {
  initialState: () => new Map(),

  evolve(state, event) {
    return new Map(state).set(event.data.appPackage, reportedStatus(event));
  },

  decide(command, state) {
    const { msgId, target, status } = command;
    const current: MessageStatus = command.closedBy ?? state.get(target.appPackage) ?? MessageStatus.notSent;
    if (!mayBecome(current, status)) return reject('H32008', `${current} → ${status}`);
    return decided({
      type: eventFor[status],
      data: { msgId, clientId: target.clientId, appPackage: target.appPackage },
    });
  },
};
