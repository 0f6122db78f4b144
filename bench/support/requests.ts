/** Ready-made requests: signed once, their sequenceId (which no signature covers) written in place at each use. */
import { randomBytes } from 'node:crypto';
import { signatureOf, withoutSpace } from '../../src/api/http/signature.ts';
import { SEQUENCE_DIGITS, type Template } from './connection.ts';

export interface Sender {
  readonly appId: string;
  readonly appKey: string;
  readonly clientId: string;
  readonly token?: string;
}

/** Tells the requests of this run from those of another on the same data folder. */
const prefix = `bench-${randomBytes(4).toString('hex')}-`;
const SEQUENCE = prefix + '0'.repeat(SEQUENCE_DIGITS);

export function signedRequest(path: string, body: string, sender: Sender): Template {
  const { appId, appKey, clientId, token } = sender;
  const timestamp = String(Date.now());
  const sign = signatureOf({ path, body: withoutSpace(body), appId, appKey, timestamp });
  const head = {
    appId,
    clientId,
    accessToken: token ?? '',
    sequenceId: SEQUENCE,
    timestamp,
    sign,
  };
  const bytes = requestBytes(path, body, head);
  return { bytes, sequenceAt: bytes.indexOf(SEQUENCE) + prefix.length };
}

export function plainRequest(path: string, body: string): Template {
  return { bytes: requestBytes(path, body, {}) };
}

function requestBytes(path: string, body: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
