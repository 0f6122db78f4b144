/** What Linux tells of a process. */
import { readFileSync } from 'node:fs';

/** Of the clock in `/proc/<pid>/stat`; the same on every Linux that node runs on. */
const TICKS_PER_SECOND = 100;

export interface Memory {
  readonly rssMb: number;
  /** Heaps and stacks: what the process would have to give back. */
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

/** CPU time that a process has used so far, all its threads. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold blanks; user and system time are the 12th and 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
