import { availableParallelism, cpus, loadavg } from 'node:os';

/** Where the numbers come from; `load` is that of others (and ours) in the last minute. */
export function machine() {
  return {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model,
    load: loadavg()[0],
  };
}

export function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
