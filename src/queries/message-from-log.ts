/** A message as its streams tell it, where the read models do not know it yet. */
import type { MessageEvent, ReceiptEvent } from '../domain/events.ts';
import { messageStream, receiptStream } from '../domain/streams.ts';
import { viewTargets } from '../domain/target-view.ts';
import type { EventLog, RecordedEvent } from '../ports/event-log.ts';
import type { MessageParts } from './message-view.ts';

/** Receipt streams read at once. */
const STREAMS_AT_ONCE = 32;

export async function messageFromLog(log: EventLog, msgId: string): Promise<MessageParts | undefined> {
  const history = await log.readStream(messageStream(msgId));
  const [first] = history;
  if (first?.event.type !== 'MessageAccepted') return undefined;
  const { appId, userId, targets } = first.event.data;
  const clientIds = new Set(targets.map(({ clientId }) => clientId));
  const receipts = await receiptsOf(log, msgId, [...clientIds]);
  const all = [...history, ...receipts].sort((a, b) => (a.position < b.position ? -1 : 1));
  return {
    header: { msgId, appId, userId, acceptedAt: first.metadata.at },
    targets: viewTargets(all as readonly RecordedEvent<MessageEvent | ReceiptEvent>[]),
  };
}

async function receiptsOf(log: EventLog, msgId: string, clientIds: readonly string[]): Promise<RecordedEvent[]> {
  const receipts: RecordedEvent[] = [];
  for (let at = 0; at < clientIds.length; at += STREAMS_AT_ONCE) {
    const some = clientIds.slice(at, at + STREAMS_AT_ONCE);
    const streams = await Promise.all(some.map((clientId) => log.readStream(receiptStream(msgId, clientId))));
    receipts.push(...streams.flat());
  }
  return receipts;
}
