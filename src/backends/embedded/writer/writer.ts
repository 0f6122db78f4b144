/**
 * Applies operations to the file. Operations that arrive together are committed together (group commit), so that a
 * batch costs one fsync. One bad operation fails alone. Operations that write no row need no transaction.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import { carry, WrongContentKey } from '../../../ports/errors.ts';
import { keyCheck } from '../cipher.ts';
import type { Notice, Op, Reply } from '../protocol.ts';
import { openWriter } from '../schema.ts';
import { contentWriter } from './contents.ts';
import { documentWriter } from './documents/index.ts';
import { eventWriter } from './events.ts';
import { type JobLimits, jobWriter } from './jobs.ts';
import { leaseWriter } from './leases.ts';
import { requestWriter } from './requests.ts';
import { walPass } from './wal-pass.ts';

/** How many jobs may be in memory without a row. */
const JOBS_IN_MEMORY = 20_000;
/** Age at which remembered requests are dropped, in ms. The contract asks for at least 24 h. */
const REQUEST_TTL_MS = 26 * 3_600_000;
/** Requests that are dropped at a time. */
const FORGET_AT_ONCE = 2000;

export interface Writer {
  /** Applies operations and commits. @returns a reply for each, in order, and a notice of the changes */
  apply(ops: readonly Op[]): Applied;
  /** Whether the operation would be part of a transaction now. */
  needsTransaction(op: Op): boolean;
  /** Lets the running jobs of these consumers, whose connection is gone, wait again. */
  releaseJobs(takers: ReadonlySet<string>): Applied;
  /** The present state, for a thread that read the file before it began to receive every notice. */
  standing(): Notice;
  /** Copies the pages that are left in the write-ahead log into the file. */
  copyFromWal(): void;
  /** Drops some requests that need not be remembered any longer. @returns whether there may be more */
  forgetOldRequests(now: number): boolean;
  /** Drops some rows of copies that were replaced a while ago. @returns whether there are more */
  dropRetiredCopies(): boolean;
  close(): void;
}

export interface Applied {
  readonly replies: Reply[];
  readonly notice: Notice | undefined;
}

/** @param now the monotonic clock, in ms */
export function openFileWriter(
  file: string,
  contentKey: Uint8Array,
  limits: JobLimits = { jobsInMemory: JOBS_IN_MEMORY },
  now?: () => number,
): Writer {
  const db = openWriter(file);
  checkKey(db, contentKey);
  const requests = requestWriter(db);
  const events = eventWriter(db, requests);
  const documents = documentWriter(db, now);
  const jobs = jobWriter(db, limits);
  const contents = contentWriter(db, contentKey);
  const leases = leaseWriter(db, now);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const pass = walPass(db);
  /** Position of the newest event that was announced to the threads. */
  let announced = -1;

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
      case 'discardJob':
      case 'countJobs':
      case 'listQueues':
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
      return [{ ok: false, error: carry(error, 'StoreUnavailable') }];
    }
  };

  const notice = (): Notice | undefined => {
    const { checkpoints, changes, places } = documents.changed();
    const queues = jobs.touched();
    const head = events.head();
    const silent = head === announced && !checkpoints.length && !changes.length && !places.length && !queues.length;
    announced = head;
    return silent ? undefined : { head, checkpoints, queues, changes, places };
  };

  const needsTransaction = (op: Op): boolean => {
    switch (op.kind) {
      case 'findRequest':
      case 'watchCollection':
      case 'renewLease':
      case 'releaseLease':
        return false;
      case 'acquireLease':
      case 'rememberRequest':
      case 'append':
      case 'documents':
      case 'openCollection':
      case 'startShadow':
      case 'promoteShadow':
      case 'putContent':
      case 'deleteContent':
        return true;
      default:
        return jobs.needsTransaction(op);
    }
  };

  /** Jobs in memory may be lost in a crash, but at an orderly end it costs little to keep them. */
  const keepJobs = (): void => {
    try {
      begin.run();
      jobs.keepAll();
      commit.run();
    } catch {
      // For instance on a full disk. The jobs can be added again from the log.
      rollback();
    }
  };

  return {
    apply(ops) {
      const isWrite = ops.map(needsTransaction);
      const writes = ops.filter((_, index) => isWrite[index]);
      const written = (writes.length === 0 ? [] : attempt(writes)).values();
      const replies = ops.map((op, index) => {
        if (isWrite[index] !== true) return readOnly(op, applyOne);
        const { value } = written.next();
        if (value === undefined) throw new Error('an operation has no reply');
        return value;
      });
      committed();
      return { replies, notice: notice() };
    },
    needsTransaction,
    releaseJobs(takers) {
      jobs.release(takers);
      return { replies: [], notice: notice() };
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
    dropRetiredCopies() {
      begin.run();
      try {
        const more = documents.dropRetired();
        commit.run();
        return more;
      } catch (error) {
        rollback();
        throw error;
      }
    },
    close() {
      keepJobs();
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    },
  };
}

function readOnly(op: Op, applyOne: (op: Op) => unknown): Reply {
  try {
    return { ok: true, value: applyOne(op) };
  } catch (error) {
    return { ok: false, error: carry(error, 'StoreUnavailable') };
  }
}

/** @throws WrongContentKey when the file's contents were written with another key */
function checkKey(db: DatabaseSync, contentKey: Uint8Array): void {
  const check = keyCheck(contentKey);
  db.prepare("INSERT OR IGNORE INTO meta (name, value) VALUES ('content-key-check', ?)").run(check);
  const stored = db.prepare("SELECT value FROM meta WHERE name = 'content-key-check'").get()?.value;
  if (stored !== check)
    throw new WrongContentKey('the content key is not the one that this data folder was written with');
}
