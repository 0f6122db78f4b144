/** Figures that Linux gives of a process. */
import { readdirSync, readFileSync } from 'node:fs';

/** Of the clock in `/proc/<pid>/stat`; the same on every Linux that node runs on. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  readonly rssMb: number;
  /** Heaps and stacks: the memory that is the process's own. */
  readonly anonymousMb: number;
  /** Mapped files, the database among them: the system takes it back when it wants to. */
  readonly fileMb: number;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) / 102.4) / 10;
  return { rssMb: mb('VmRSS'), anonymousMb: mb('RssAnon'), fileMb: mb('RssFile') };
}

/** CPU time in seconds that the threads of a process have used so far. */
export interface CpuUse {
  readonly main: number;
  /** Each worker thread, in the order in which they were started. */
  readonly workers: readonly number[];
  /** The engine's own: garbage collector, compiler, thread pool. */
  readonly rest: number;
}

/** The names that node, V8 (its profiler too) and libuv give their own threads; every other name is that of a worker. */
const ENGINE = /^(node-V8Worker|DelayedTaskSche|SignalInspector|libuv-|node-libuv|io_uring|iou-|v8:)/;

export function cpuOf(pid: number): CpuUse {
  const workers: number[] = [];
  let main = 0;
  let rest = 0;
  for (const task of readdirSync(`/proc/${pid}/task`).sort((a, b) => Number(a) - Number(b))) {
    const { name, seconds } = threadOf(`/proc/${pid}/task/${task}/stat`);
    if (Number(task) === pid) main = seconds;
    else if (ENGINE.test(name)) rest += seconds;
    else workers.push(seconds);
  }
  return { main, workers, rest };
}

function threadOf(file: string): { readonly name: string; readonly seconds: number } {
  const stat = readFileSync(file, 'utf8');
  const end = stat.lastIndexOf(')');
  // User and system time are the 12th and 13th field behind the name in brackets, which may hold blanks.
  const fields = stat.slice(end + 2).split(' ');
  const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return { name: stat.slice(stat.indexOf('(') + 1, end), seconds };
}

/** @returns µs of each thread for each of `count` things that were done meanwhile */
export function cpuMicrosEach(before: CpuUse, after: CpuUse, count: number): CpuUse {
  const each = (from: number, to: number): number => Math.round(((to - from) * 1e6) / count);
  return {
    main: each(before.main, after.main),
    workers: after.workers.map((seconds, index) => each(before.workers[index] ?? 0, seconds)),
    rest: each(before.rest, after.rest),
  };
}
