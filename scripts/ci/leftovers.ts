/** Whether the checks left files: in the work tree, or in the folder for temporary files that they were given. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { oneCheck, type Suite } from './suite.ts';

export function treeState(): string {
  return execFileSync('git', ['status', '--porcelain', '--ignored'], { encoding: 'utf8' });
}

export function leftovers(treeBefore: string, temporaryFolder: string): Suite {
  const tree = treeState();
  const temporary = readdirSync(temporaryFolder);
  const faults = [
    ...(tree === treeBefore ? [] : [`the work tree is not as it was:\n${tree}`]),
    ...(temporary.length === 0 ? [] : [`temporary files stayed: ${temporary.slice(0, 10).join(', ')}`]),
  ];
  return oneCheck('leftovers', faults);
}
