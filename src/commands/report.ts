/** `docs/api.md §4 report`: a terminal reports how far a message came there. */
import type { App } from '../domain/apps.ts';
import { type ReceiptEvent, type TargetRef, targetKey } from '../domain/events.ts';
import { type KnownMessage, messageDecider } from '../domain/message.ts';
import { msgIdPattern } from '../domain/msg-id.ts';
import { receiptDecider } from '../domain/receipt.ts';
import { reject } from '../domain/result-codes.ts';
import type { ReportedStatus } from '../domain/status.ts';
import { messageStream, receiptStream } from '../domain/streams.ts';
import type { EventLog } from '../ports/event-log.ts';
import { folded } from '../ports/eventsourcing/execute.ts';
import { packageOf } from './packages.ts';
import { type Cause, type CommandOutcome, executeRemembered } from './remembered.ts';

export interface ReportInput {
  readonly app: App;
  readonly clientId: string;
  readonly appPackage: string;
  readonly msgId: string;
  readonly status: ReportedStatus;
  /** Of the token, if there is one. */
  readonly tokenUserId?: string | undefined;
  readonly cause: Cause<ReceiptEvent>;
}

/** @returns H32005 (package), H32007 (no such message, or not for this terminal), D00003, D00008 (user), H32008 (status) */
export async function report(log: EventLog, input: ReportInput): Promise<CommandOutcome> {
  const { app, clientId, appPackage, msgId, status, tokenUserId } = input;
  const found = packageOf(app, appPackage);
  if (found.type === 'rejected') return found;
  const message = await knownMessage(log, msgId);
  const target = message?.message.targets.find(
    (candidate) => candidate.clientId === clientId && candidate.appPackage === appPackage,
  );
  if (message === undefined || target === undefined) return reject('H32007');
  if (target.userId !== undefined) {
    if (tokenUserId === undefined) return reject('D00003');
    if (tokenUserId !== target.userId) return reject('D00008');
  }

  const ref = { clientId, appPackage };
  const command = { type: 'Report', msgId, target: ref, status, closedBy: closedBy(message, ref) } as const;
  return executeRemembered(log, receiptDecider, receiptStream(msgId, clientId), command, input.cause);
}

async function knownMessage(log: EventLog, msgId: string): Promise<KnownMessage | undefined> {
  if (!msgIdPattern.test(msgId)) return undefined;
  const { state } = folded(messageDecider, await log.readStream(messageStream(msgId)));
  return state.status === 'none' ? undefined : state;
}

/** A cancelled or erased message takes no reports any more. */
function closedBy(message: KnownMessage, target: TargetRef): 5 | 6 | undefined {
  if (message.erased) return 6;
  return message.cancelled.has(targetKey(target)) ? 5 : undefined;
}
