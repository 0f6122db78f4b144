/**
 * The connection that a thread reads with. All that is read in one turn of the event loop, or until the writer's next
 * news, is one state of the file: a statement by itself has to look for newer commits first, and where there are some
 * everything that it had in its cache is void.
 */
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { StoreUnavailable } from '../../../ports/errors.ts';

/** SQLite's code for a statement that makes no sense. */
const SQLITE_ERROR = 1;

export type Row = Record<string, SQLOutputValue>;

/** @throws StoreUnavailable when the file can't be read, or is closed */
export interface Statement {
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
}

export interface Reader {
  prepare(sql: string): Statement;
  /** Reads from now on see everything that is committed by now. */
  refresh(): void;
  close(): void;
}

/** A connection that only reads, as every thread opens it. */
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
    // An error of the file may have ended it already.
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

/** Not of a statement that makes no sense: that is a defect of ours. */
function isOfTheFile(error: unknown): boolean {
  const { code, errcode } = error as { code?: string; errcode?: number };
  return code === 'ERR_INVALID_STATE' || (code === 'ERR_SQLITE_ERROR' && errcode !== SQLITE_ERROR);
}
