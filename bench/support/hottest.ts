/** The functions with the most self time in a CPU profile, in % of the time that the thread was busy. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** µs between a sample and the one before. */
  readonly timeDeltas: readonly number[];
}

const IDLE = new Set(['(idle)', '(program)']);

function hottest({ nodes, samples, timeDeltas }: Profile, count: number): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const selfTime = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    selfTime.set(name, (selfTime.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const total = sum(selfTime.values());
  const busy = sum([...selfTime].filter(([name]) => !IDLE.has(name)).map(([, micros]) => micros));
  const top = [...selfTime]
    .filter(([name]) => !IDLE.has(name))
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, micros]) => `${((100 * micros) / busy).toFixed(1).padStart(6)} %  ${name}`);
  const program = selfTime.get('(program)') ?? 0;
  return [`busy ${seconds(busy)} of ${seconds(total)} s, beside ${seconds(program)} s outside of JavaScript`, ...top];
}

function nameOf({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const place = url === '' ? '' : ` ${url.replace(/^.*\/(src|bench|node_modules)\//, '$1/')}:${lineNumber + 1}`;
  return `${functionName || '(anonymous)'}${place}`;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function seconds(micros: number): string {
  return (micros / 1e6).toFixed(1);
}

/** Of every CPU profile in a folder, each thread's own: its busiest functions, a line each. */
export function hottestIn(folder: string, count = 15): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  return files
    .map((file) => {
      const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
      return [file, ...hottest(profile, count)].join('\n');
    })
    .join('\n\n');
}
