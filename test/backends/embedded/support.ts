/** Looks at the SQLite file from outside, and builds operations by hand. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openReadOnly } from '../../../src/backends/embedded/connection/reader.ts';
import type { AppendOp, AppendReply, DocumentsOp, Op, Reply } from '../../../src/backends/embedded/protocol.ts';
import type { JobLimits } from '../../../src/backends/embedded/writer/jobs.ts';
import { openFileWriter, type Writer } from '../../../src/backends/embedded/writer/writer.ts';
import { encodeEvent } from '../../../src/domain/codec.ts';
import { aContext, channelRegistered } from '../../fixtures/samples.ts';
import { testContentKey } from '../../support/embedded.ts';

const WAL_HEADER = 32;
const FRAME_HEADER = 24;

/** Transactions committed since the write-ahead log began: each ends with a frame that tells the size of the database. */
export function commitsIn(file: string): number {
  const wal = readFileSync(`${file}-wal`);
  if (wal.length === 0) return 0;
  const frame = FRAME_HEADER + wal.readUInt32BE(8);
  const salt = wal.subarray(16, 24);
  let commits = 0;
  for (let at = WAL_HEADER; at + frame <= wal.length; at += frame)
    if (wal.readUInt32BE(at + 4) !== 0 && wal.subarray(at + 8, at + 16).equals(salt)) commits += 1;
  return commits;
}

/** Has the write-ahead log go on, as a reader that still needs it does. @returns lets go */
export function keepLog(file: string): () => void {
  const db = openReadOnly(file);
  db.exec('BEGIN; SELECT count(*) FROM meta');
  const release = (): void => {
    if (db.isOpen) db.close();
  };
  onTestFinished(release);
  return release;
}

export async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-embedded-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A writer in this thread, on a file of its own. */
export async function aWriter(limits?: JobLimits): Promise<{ file: string; writer: Writer }> {
  const file = join(await aFolder(), 'ums.sqlite');
  const writer = openFileWriter(file, testContentKey, limits);
  onTestFinished(() => writer.close());
  return { file, writer };
}

export function appendOp(stream: string, more: Partial<AppendOp> = {}): AppendOp {
  const event = encodeEvent(channelRegistered(), aContext());
  return { kind: 'append', stream, expected: -1, events: [{ ...event, id: `${stream}-1` }], ...more };
}

export function requestOf(key: string): NonNullable<AppendOp['request']> {
  return { key, fingerprint: 'fingerprint', answer: '{}' };
}

export const shape = { name: 'screens', version: 1, indexes: [] };

export function putOp(id: string, more: Partial<DocumentsOp> = {}): DocumentsOp {
  const puts = [{ id, position: 1, document: '{}', keys: [], sorts: [] }];
  return { kind: 'documents', collection: { shape, copy: undefined }, puts, deletes: [], ...more };
}

/** A write to a copy that does not exist. */
export const badOp: Op = putOp('x', { collection: { shape, copy: { generation: 9, version: 1 } } });

export function replyValue<T>(reply: Reply | undefined): T {
  if (reply?.ok !== true) throw new Error(`refused: ${JSON.stringify(reply)}`);
  return reply.value as T;
}

export function appendReply(reply: Reply | undefined): AppendReply {
  return replyValue<AppendReply>(reply);
}
