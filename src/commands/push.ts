/** `docs/api.md §4 msgPush and msgPushtry`: a message is durably accepted; delivery follows. */
import { hash } from 'node:crypto';
import type { AppDirectory } from '../domain/apps.ts';
import { maxMessageBytes } from '../domain/channels.ts';
import { type AcceptedMessage, deviceTypes, type MessageEvent, type Target } from '../domain/events.ts';
import { messageDecider } from '../domain/message.ts';
import { type Rejection, reject } from '../domain/result-codes.ts';
import { messageStream } from '../domain/streams.ts';
import type { Documents } from '../ports/documents.ts';
import type { EventLog } from '../ports/event-log.ts';
import { type Cause, type CommandOutcome, executeRemembered } from './remembered.ts';
import { MAX_TARGETS, type Selection, selectTargets } from './targets.ts';

/**
 * Bytes of the event that accepts a message, as JSON, and of the names in the answer. The limit of an append
 * (`ports/event-log.ts`) leaves room for the metadata. Later events name each target in fewer bytes than this one.
 */
const MAX_ACCEPTED_BYTES = 900_000;
/** Of a target and of a name, beside its texts. */
const FRAME_BYTES = 150;
/** The longest JSON of one UTF-16 unit: `\u0001`. */
const MAX_BYTES_OF_UNIT = 6;

export interface PushInput {
  readonly mode: 'strict' | 'try';
  readonly destinationType: 0 | 1 | 2 | 3;
  /** The field that the names stand in, for the detail of a refusal. */
  readonly field: string;
  readonly selection: Selection;
  /** Seconds. */
  readonly expires: number;
  /** JSON text, no white space between its tokens. */
  readonly message: string;
  readonly sender: Pick<AcceptedMessage, 'origin' | 'appId' | 'userId' | 'clientId'>;
  readonly msgId: string;
  /** `answerOf` gets the names that were dropped. */
  readonly causeFor: (filtered: readonly string[]) => Cause<MessageEvent>;
}

export interface PushPorts {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly apps: AppDirectory;
}

/** @returns B00003 (an unknown package), H32006 or H32011 (no registration), B00006 (too large, or too many or too long targets) */
export async function push(ports: PushPorts, input: PushInput): Promise<CommandOutcome> {
  const chosen = await choose(ports, input);
  if (chosen.type === 'rejected') return chosen;
  const { targets, filtered } = chosen;
  const size = Buffer.byteLength(input.message);
  if (targets.length > MAX_TARGETS) return reject('B00006', input.field);
  if (size > maxMessageBytes(targets.map(({ channel }) => channel))) return reject('B00006', 'message');

  const { msgId } = input;
  const cause = input.causeFor(filtered);
  const message = acceptedMessage(input, targets, filtered, { size, at: cause.context.at });
  if (isTooLarge(message)) return reject('B00006', input.field);
  const command = { type: 'Accept', message } as const;
  const accepting: typeof cause = {
    ...cause,
    answerOf(events, after) {
      // A stream that is there already is another message's: never answer with its id.
      if (events.length === 0) throw new Error('msgId was given out twice');
      return cause.answerOf(events, after);
    },
  };
  return executeRemembered(ports.log, messageDecider, messageStream(msgId), command, accepting, {
    loaded: { state: messageDecider.initialState(), revision: 'noStream' },
    content: { id: msgId, text: input.message },
  });
}

type Choice =
  | { readonly type: 'chosen'; readonly targets: readonly Target[]; readonly filtered: readonly string[] }
  | Rejection;

/** msgPush refuses the whole request for one unknown name, msgPushtry drops the name. */
async function choose({ apps, documents }: PushPorts, { mode, field, selection }: PushInput): Promise<Choice> {
  const known = selection.names.filter((name) => isKnown(apps, selection.by, name));
  if (mode === 'strict' && known.length < selection.names.length) return reject('B00003', field);
  const { targets, missing } = await selectTargets(documents, { ...selection, names: known });
  if (mode === 'strict') {
    return missing.length > 0 ? reject('H32006', field) : { type: 'chosen', targets, filtered: [] };
  }
  if (targets.length === 0) return reject('H32011', field);
  const kept = new Set(known);
  for (const name of missing) kept.delete(name);
  return { type: 'chosen', targets, filtered: selection.names.filter((name) => !kept.has(name)) };
}

function isKnown(apps: AppDirectory, by: Selection['by'], name: string): boolean {
  switch (by) {
    case 'client':
    case 'userDevice':
      return true;
    case 'userType':
      return (deviceTypes as readonly string[]).includes(name);
    case 'userPackage':
      return apps.package(name) !== undefined;
  }
}

function isTooLarge(message: AcceptedMessage): boolean {
  // Few targets with short names, which is nearly every message, are not written out for this.
  if (bytesAtMost(message) <= MAX_ACCEPTED_BYTES) return false;
  return bytesOf(message) + bytesOf(message.destination.filtered) > MAX_ACCEPTED_BYTES;
}

/** Of the parts that grow with a request: the targets, and the dropped names, which the answer has, too. */
function bytesAtMost({ targets, destination: { filtered } }: AcceptedMessage): number {
  let units = 0;
  for (const name of filtered) units += 2 * name.length;
  for (const { clientId, appPackage, deviceId = '', userId = '' } of targets)
    units += clientId.length + appPackage.length + deviceId.length + userId.length;
  return units * MAX_BYTES_OF_UNIT + (filtered.length + targets.length) * FRAME_BYTES;
}

function bytesOf(json: object): number {
  return Buffer.byteLength(JSON.stringify(json));
}

function acceptedMessage(
  input: PushInput,
  targets: readonly Target[],
  filtered: readonly string[],
  { size, at }: { readonly size: number; readonly at: string },
): AcceptedMessage {
  const { selection, expires } = input;
  return {
    msgId: input.msgId,
    ...input.sender,
    destination: { type: input.destinationType, mode: input.mode, filtered: [...filtered] },
    boundUserId: selection.by === 'client' ? undefined : selection.userId,
    expires,
    expiresAt: new Date(Date.parse(at) + expires * 1000).toISOString(),
    content: { sha256: hash('sha256', input.message), size },
    targets: [...targets],
  };
}
