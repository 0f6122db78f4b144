/** A short run of a benchmark: it ends well and prints its one JSON line. Its numbers are not judged here. */
import { run } from './command.ts';
import { oneCheck, type Suite } from './suite.ts';

export async function benchSmoke(name: string, script: string, limit: number): Promise<Suite> {
  const { stdout, faults } = await run(`npm run -s ${script} -- --quick`, { limit });
  const lines = stdout.trim().split('\n');
  if (lines.length !== 1 || !isObject(lines[0])) faults.push('did not print one JSON line');
  return oneCheck(name, faults);
}

function isObject(line = ''): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
