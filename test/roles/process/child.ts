/** Runs a piece of a role in a process of its own: its effects on a process can't be shown inside the test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { eventually } from '../../contract/support.ts';

export interface Child {
  readonly process: ChildProcess;
  /** All that it has written to stdout. */
  output(): string;
  /** Waits until its output holds a text. */
  says(text: string): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * @param script an ES module's text; `src` in its imports is the source folder
 * @param stdout a descriptor to write to in place of a pipe whose output is kept
 */
export function child(script: string, stdout: 'pipe' | number = 'pipe'): Child {
  const src = new URL('../../../src', import.meta.url).href;
  const text = script.replaceAll("from 'src/", `from '${src}/`);
  const spawned = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    stdio: ['ignore', stdout, 'inherit'],
  });
  let output = '';
  spawned.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const ended = once(spawned, 'close').then(([code, signal]) => ({ code, signal }));
  onTestFinished(async () => {
    spawned.kill('SIGKILL');
    await ended;
  });
  return {
    process: spawned,
    output: () => output,
    says: (wanted) =>
      eventually(() => {
        if (!output.includes(wanted)) throw new Error(`it has not said ${wanted} but ${JSON.stringify(output)}`);
      }),
    ended,
  };
}
