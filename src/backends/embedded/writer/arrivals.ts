/** Operations that have arrived at the writer and are not committed yet, in order of arrival. */
import type { Op } from '../protocol.ts';

/** Operations of one sender, numbered from `first` on. */
export interface Batch<Sender> {
  readonly sender: Sender;
  readonly first: number;
  readonly ops: readonly Op[];
}

export interface Arrivals<Sender> {
  readonly isEmpty: boolean;
  add(batch: Batch<Sender>): void;
  takeAll(): Batch<Sender>[];
  /** Takes operations from the front that write at most `rows` rows in all, but at least one. A batch may be split. */
  take(rows: number): Batch<Sender>[];
  takeFrom(sender: Sender): Batch<Sender>[];
}

export function arrivals<Sender>(): Arrivals<Sender> {
  let waiting: Batch<Sender>[] = [];
  return {
    get isEmpty() {
      return waiting.length === 0;
    },
    add: (batch) => void waiting.push(batch),
    takeAll() {
      const all = waiting;
      waiting = [];
      return all;
    },
    take(rows) {
      const taken: Batch<Sender>[] = [];
      let left = rows;
      let next = 0;
      for (const batch of waiting) {
        const end = fitting(batch.ops, left, taken.length === 0);
        if (end > 0) taken.push({ ...batch, ops: batch.ops.slice(0, end) });
        if (end < batch.ops.length) {
          waiting[next] = { ...batch, first: batch.first + end, ops: batch.ops.slice(end) };
          break;
        }
        left -= rowsOf(batch.ops);
        next += 1;
      }
      waiting.splice(0, next);
      return taken;
    },
    takeFrom(sender) {
      const own = waiting.filter((batch) => batch.sender === sender);
      waiting = waiting.filter((batch) => batch.sender !== sender);
      return own;
    },
  };
}

/** Splits a batch into runs of operations that match and runs that do not. Most batches are one run. */
export function runsOf<Sender>(
  { sender, first, ops }: Batch<Sender>,
  matches: (op: Op) => boolean,
): { readonly matches: boolean; readonly batch: Batch<Sender> }[] {
  const runs: { matches: boolean; batch: Batch<Sender> }[] = [];
  for (let start = 0; start < ops.length; ) {
    const kind = matches(ops[start] as Op);
    let end = start + 1;
    while (end < ops.length && matches(ops[end] as Op) === kind) end += 1;
    runs.push({ matches: kind, batch: { sender, first: first + start, ops: ops.slice(start, end) } });
    start = end;
  }
  return runs;
}

export function countOps(batches: readonly Batch<unknown>[]): number {
  return batches.reduce((sum, { ops }) => sum + ops.length, 0);
}

/** Counts the operations from the front that write at most `rows` rows in all. */
function fitting(ops: readonly Op[], rows: number, oneAtLeast: boolean): number {
  let left = rows;
  let count = 0;
  for (const op of ops) {
    left -= rowsIn(op);
    if (left < 0 && !(oneAtLeast && count === 0)) return count;
    count += 1;
  }
  return count;
}

function rowsOf(ops: readonly Op[]): number {
  return ops.reduce((sum, op) => sum + rowsIn(op), 0);
}

/** The rough cost of an operation: the number of rows that it writes. */
function rowsIn(op: Op): number {
  switch (op.kind) {
    case 'append':
      return op.events.length;
    case 'documents':
      return 1 + op.puts.length + op.deletes.length;
    case 'addJobs':
      return op.jobs.length;
    default:
      return 1;
  }
}
