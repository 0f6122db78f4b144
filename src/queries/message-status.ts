/** `docs/api.md §4 getmsgstat`: how a message and each of its targets stand. */
import { msgIdPattern } from '../domain/msg-id.ts';
import { countByStatus, messageStatusOf } from '../domain/status.ts';
import type { Documents } from '../ports/documents.ts';
import { CopyOfAnotherVersion } from '../ports/errors.ts';
import type { EventLog } from '../ports/event-log.ts';
import { type DeliveryDocument, deliveries } from '../ports/read-models/deliveries.ts';
import { type MessageDocument, messages } from '../ports/read-models/messages.ts';
import { messageFromLog } from './message-from-log.ts';
import type { MessageParts, MessageView } from './message-view.ts';
import type { WrittenPositions } from './written-positions.ts';

/** How long a reader waits for the read models to reach the writes of this node, in ms. */
const FOLLOW_MS = 2000;
const PAGE = 1000;

export interface MessageSources {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly written: WrittenPositions;
  /** `Documents.reached`, which may take its time. */
  readonly reached?: Documents['reached'];
  /** Whether a read model has stopped until a person mends it: the log is then read at once. */
  readonly hasStopped: (readModel: string) => boolean;
}

/** @returns `undefined` for an id that no message has, or that none can have */
export async function messageStatus(sources: MessageSources, msgId: string): Promise<MessageView | undefined> {
  if (!msgIdPattern.test(msgId)) return undefined;
  const isFresh = await followWrites(sources, msgId);
  const parts =
    (isFresh ? await fromReadModels(sources.documents, msgId) : undefined) ??
    (await messageFromLog(sources.log, msgId));
  return parts && view(parts);
}

/** All sums are taken over the targets of the answer, so that it agrees with itself. */
function view(parts: MessageParts): MessageView {
  const summary = countByStatus(parts.targets.map(({ status }) => status));
  const pushTimes = parts.targets.flatMap(({ pushTime }) => (pushTime === undefined ? [] : [pushTime]));
  return { ...parts, summary, status: messageStatusOf(summary), pushTime: pushTimes.sort()[0] };
}

const readModels = [messages.name, deliveries.name];

/** Whether the read models hold everything that this node wrote for the message. */
async function followWrites(
  { documents, written, hasStopped, reached = (...wait) => documents.reached(...wait) }: MessageSources,
  msgId: string,
): Promise<boolean> {
  if (readModels.some(hasStopped)) return false;
  const position = written.of(msgId);
  if (position === undefined) return true;
  const all = await Promise.all(readModels.map((name) => reached(name, position, FOLLOW_MS)));
  return all.every(Boolean);
}

/**
 * @returns `undefined` if one of the two read models does not know all of the message yet, or is another release's while
 * releases change
 */
async function fromReadModels(documents: Documents, msgId: string): Promise<MessageParts | undefined> {
  try {
    return await readModelsOf(documents, msgId);
  } catch (error) {
    if (error instanceof CopyOfAnotherVersion) return undefined;
    throw error;
  }
}

async function readModelsOf(documents: Documents, msgId: string): Promise<MessageParts | undefined> {
  const header = await documents.get<MessageDocument>(messages, msgId);
  if (header === undefined) return undefined;
  const targets = await deliveriesOf(documents, msgId, header.document.targetCount);
  return targets && { header: header.document, targets };
}

async function deliveriesOf(
  documents: Documents,
  msgId: string,
  expected: number,
): Promise<readonly DeliveryDocument[] | undefined> {
  const found: DeliveryDocument[] = [];
  let cursor: string | undefined;
  do {
    const page = await documents.find<DeliveryDocument>(deliveries, {
      index: 'message',
      key: msgId,
      limit: PAGE,
      cursor,
    });
    for (const { document } of page.items) found.push(document);
    cursor = page.next;
  } while (cursor !== undefined);
  return found.length === expected ? found : undefined;
}
