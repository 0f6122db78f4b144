/**
 * Everything that has to hold before a change lands, in order; `.ci/run` calls it in a fresh clone after `npm ci`.
 * Each step ends with a line of its own, the last line adds them up: `N passed, N failed`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchSmoke } from './ci/bench.ts';
import { run } from './ci/command.ts';
import { firstPush } from './ci/first-push.ts';
import { leftovers, treeState } from './ci/leftovers.ts';
import { closing, oneCheck, type Suite } from './ci/suite.ts';
import { vitestSuite } from './ci/vitest.ts';

const minutes = (count: number): number => count * 60_000;

const folder = mkdtempSync(join(tmpdir(), 'ums-ci-'));
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
process.env.TMPDIR = temporary;
process.env.NO_COLOR = '1';
const before = treeState();

const steps: (() => Promise<Suite>)[] = [
  async () => oneCheck('lint', (await run('npm run lint', { limit: minutes(3) })).faults),
  () => vitestSuite('tests', 'test', folder, minutes(13)),
  () => vitestSuite('crash', 'test:crash', folder, minutes(6)),
  () => firstPush(folder),
  () => benchSmoke('bench-push', 'bench:push', minutes(2)),
  () => benchSmoke('bench-overload', 'bench:overload', minutes(2)),
  () => benchSmoke('bench-rebuild', 'bench:rebuild', minutes(2)),
  async () => leftovers(before, temporary),
];

const total = { passed: 0, failed: 0 };
try {
  for (const step of steps) {
    const started = Date.now();
    const suite = await step();
    process.stdout.write(`${closing(suite, Date.now() - started)}\n`);
    total.passed += suite.passed;
    total.failed += suite.failed;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
if (total.failed > 0) process.exitCode = 1;
