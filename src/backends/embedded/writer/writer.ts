/**
 * Applies operations to the file: what arrives together commits together (group commit), so that durability costs one
 * fsync a batch. One bad operation fails alone.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import { keyCheck } from '../cipher.ts';
import type { Notice, Op, Reply } from '../protocol.ts';
import { openWriter } from '../schema.ts';
import { contentWriter } from './contents.ts';
import { documentWriter } from './documents.ts';
import { eventWriter } from './events.ts';
import { jobWriter } from './jobs.ts';
import { leaseWriter } from './leases.ts';
import { requestWriter } from './requests.ts';
import { walPass } from './wal-pass.ts';

/** Remembered requests are dropped after this; the contract asks for 24 h at least. */
const REQUEST_TTL_MS = 26 * 3_600_000;
const FORGET_AT_ONCE = 2000;

export interface Writer {
  /** Applies and commits; a reply for each operation, in order, and what became visible. */
  apply(ops: readonly Op[]): { readonly replies: Reply[]; readonly notice: Notice | undefined };
  /** How things stand: what a thread missed that has looked at the file before it was told of every commit. */
  standing(): Notice;
  /** Copies what is left in the write-ahead log into the file. */
  copyFromWal(): void;
  /** Drops requests that are older than they must be remembered, a bounded number. @returns whether there may be more */
  forgetOldRequests(now: number): boolean;
  close(): void;
}

export function openFileWriter(file: string, contentKey: Uint8Array): Writer {
  const db = openWriter(file);
  checkKey(db, contentKey);
  const requests = requestWriter(db);
  const events = eventWriter(db, requests);
  const documents = documentWriter(db);
  const jobs = jobWriter(db);
  const contents = contentWriter(db, contentKey);
  const leases = leaseWriter(db);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const pass = walPass(db);
  let told = -1;

  const applyOne = (op: Op): unknown => {
    switch (op.kind) {
      case 'append':
        return events.append(op, contents.put);
      case 'rememberRequest': {
        const earlier = requests.find(op.request.key);
        if (earlier === undefined) requests.remember(op.request, op.request.position);
        return earlier;
      }
      case 'findRequest':
        return requests.find(op.key);
      case 'documents':
        return documents.write(op);
      case 'openCollection':
      case 'watchCollection':
      case 'startShadow':
      case 'promoteShadow':
        return documents.collection(op);
      case 'putContent':
        return contents.put(op.id, op.text);
      case 'deleteContent':
        return contents.delete(op.id);
      case 'addJobs':
      case 'takeJobs':
      case 'finishJob':
      case 'retryJob':
      case 'releaseJob':
      case 'buryJob':
      case 'redriveJob':
      case 'countActive':
        return jobs.apply(op);
      case 'acquireLease':
      case 'renewLease':
      case 'releaseLease':
        return leases.apply(op);
      default:
        return assertNever(op);
    }
  };

  const rollback = (): void => {
    if (db.isTransaction) db.exec('ROLLBACK');
    events.reload();
    requests.rolledBack();
    documents.rolledBack();
    jobs.rolledBack();
    leases.rolledBack();
  };

  const committed = (): void => {
    requests.committed();
    documents.committed();
    jobs.committed();
    leases.committed();
  };

  const transact = (ops: readonly Op[]): Reply[] => {
    begin.run();
    const replies = ops.map((op): Reply => ({ ok: true, value: applyOne(op) }));
    requests.indexSome();
    commit.run();
    committed();
    return replies;
  };

  const attempt = (ops: readonly Op[]): Reply[] => {
    try {
      return transact(ops);
    } catch (error) {
      rollback();
      if (ops.length > 1) return ops.flatMap((op) => attempt([op]));
      const { name, message } = error as Error;
      return [{ ok: false, name, error: message }];
    }
  };

  const notice = (): Notice | undefined => {
    const { checkpoints, changes, places } = documents.changed();
    const queues = jobs.touched();
    const head = events.head();
    const silent = head === told && !checkpoints.length && !changes.length && !places.length && !queues.length;
    told = head;
    return silent ? undefined : { head, checkpoints, queues, changes, places };
  };

  return {
    apply(ops) {
      const needsTransaction = ops.some((op) => !withoutWrite.has(op.kind));
      const replies = needsTransaction ? attempt(ops) : ops.flatMap((op) => readOnly(op, applyOne));
      committed();
      return { replies, notice: notice() };
    },
    standing: () => ({
      head: events.head(),
      checkpoints: documents.checkpoints(),
      queues: [],
      changes: [],
      places: [],
    }),
    copyFromWal: () => void pass(),
    forgetOldRequests(now) {
      return requests.forget(now - REQUEST_TTL_MS, FORGET_AT_ONCE) === FORGET_AT_ONCE;
    },
    close() {
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

const withoutWrite: ReadonlySet<Op['kind']> = new Set([
  'findRequest',
  'takeJobs',
  'releaseJob',
  'countActive',
  'watchCollection',
  'renewLease',
  'releaseLease',
]);

function readOnly(op: Op, applyOne: (op: Op) => unknown): Reply[] {
  try {
    return [{ ok: true, value: applyOne(op) }];
  } catch (error) {
    const { name, message } = error as Error;
    return [{ ok: false, name, error: message }];
  }
}

/** @throws Error named WrongContentKey when the file's contents were written with another key */
function checkKey(db: DatabaseSync, contentKey: Uint8Array): void {
  const check = keyCheck(contentKey);
  db.prepare("INSERT OR IGNORE INTO meta (name, value) VALUES ('content-key-check', ?)").run(check);
  const stored = db.prepare("SELECT value FROM meta WHERE name = 'content-key-check'").get()?.value;
  if (stored === check) return;
  const error = new Error('the content key is not the one that this data folder was written with');
  error.name = 'WrongContentKey';
  throw error;
}
