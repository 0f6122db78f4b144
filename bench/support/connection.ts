/** One HTTP/1.1 keep-alive connection with one request on its way at a time; reads no more of an answer than it must. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Bytes to send as they are; where they carry a sequenceId, the place of its digits. */
export interface Template {
  readonly bytes: Uint8Array;
  readonly sequenceAt?: number;
}

/** Digits of the running number in a sequenceId. */
export const SEQUENCE_DIGITS = 12;

export interface Connection {
  /** Its requests, sent in turn. Not shared, since the sequenceId is written in place. */
  readonly templates: readonly Template[];
  turn: number;
  /** When the request on its way was due, in ms of `performance.now()`; `undefined` when there is none. */
  dueAt: number | undefined;
  readonly socket: Socket;
}

const LENGTH = /\r\ncontent-length: *(\d+)/i;

/** @param onAnswer is given the whole answer as latin1 text */
export async function openConnection(
  port: number,
  templates: readonly Template[],
  onAnswer: (connection: Connection, text: string) => void,
  onFault: (error: Error) => void,
): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const connection: Connection = { templates, turn: 0, dueAt: undefined, socket };
  let pending = '';
  socket.on('data', (chunk: Buffer) => {
    const text = pending + chunk.toString('latin1');
    if (!isComplete(text)) {
      pending = text;
      return;
    }
    pending = '';
    onAnswer(connection, text);
  });
  socket.on('error', onFault);
  socket.on('close', () => {
    if (connection.dueAt !== undefined) onFault(new Error('the server closed a connection that waited for an answer'));
  });
  return connection;
}

function isComplete(text: string): boolean {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return false;
  const length = LENGTH.exec(text)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${text.slice(0, 200)}`);
  return text.length >= head + 4 + Number(length);
}

export function sendNext(connection: Connection, sequence: number, dueAt: number): void {
  const template = connection.templates[connection.turn % connection.templates.length];
  if (template === undefined) throw new Error('a connection with nothing to send');
  connection.turn += 1;
  connection.dueAt = dueAt;
  const { bytes, sequenceAt } = template;
  if (sequenceAt !== undefined) writeDigits(bytes, sequenceAt, sequence);
  connection.socket.write(bytes);
}

function writeDigits(bytes: Uint8Array, at: number, sequence: number): void {
  let rest = sequence;
  for (let place = at + SEQUENCE_DIGITS - 1; place >= at; place -= 1) {
    bytes[place] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
