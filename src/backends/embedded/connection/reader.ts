/**
 * The reading connection of a thread. All reads in one turn of the event loop, or until the writer's next notice, share
 * one transaction and so see one state of the file. Without it each statement would check for newer commits first, and
 * drop the page cache if there are some.
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { StoreUnavailable } from '../../../ports/errors.ts';

/** SQLite's code for a faulty statement. */
const SQLITE_ERROR = 1;

export type Row = Record<string, SQLOutputValue>;

/** @throws StoreUnavailable when the file can't be read, or is closed */
export interface Statement {
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
}

export interface Reader {
  prepare(sql: string): Statement;
  /** Later reads see everything that is committed by now. */
  refresh(): void;
  close(): void;
}

/** Opens a connection that only reads. Every thread has one. */
export function openReadOnly(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true });
  db.exec('PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;');
  return db;
}

export function openReader(file: string): Reader {
  const db = openReadOnly(file);
  const begin = db.prepare('BEGIN');
  const commit = db.prepare('COMMIT');
  let ending: NodeJS.Immediate | undefined;

  const refresh = (): void => {
    if (ending === undefined) return;
    clearImmediate(ending);
    ending = undefined;
    // An error of the file may have ended the transaction already.
    if (db.isTransaction) commit.run();
  };

  const hold = (): void => {
    if (ending !== undefined) return;
    begin.run();
    ending = setImmediate(refresh);
  };

  const reading = <T>(read: () => T): T => {
    try {
      return read();
    } catch (error) {
      throw isOfTheFile(error) ? new StoreUnavailable((error as Error).message, { cause: error }) : error;
    }
  };

  return {
    prepare(sql) {
      const statement = reading(() => db.prepare(sql));
      return {
        get: (...parameters) =>
          reading(() => {
            hold();
            return statement.get(...parameters);
          }),
        all: (...parameters) =>
          reading(() => {
            hold();
            return statement.all(...parameters);
          }),
      };
    },
    refresh,
    close() {
      if (!db.isOpen) return;
      refresh();
      db.close();
    },
  };
}

/** Whether the error comes from the file. A faulty statement is a defect of ours instead. */
function isOfTheFile(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return code === 'ERR_INVALID_STATE' || (code === 'ERR_SQLITE_ERROR' && errcode !== SQLITE_ERROR);
}
