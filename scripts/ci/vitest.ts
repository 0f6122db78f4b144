/** Runs a suite by its npm script and reads the result from vitest's JSON report. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from './command.ts';
import type { Suite } from './suite.ts';

const report = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

type Report = z.infer<typeof report>;

export async function vitestSuite(name: string, script: string, folder: string, limit: number): Promise<Suite> {
  const file = join(folder, `${name}.json`);
  const { faults } = await run(`npm run ${script} -- --reporter=default --reporter=json --outputFile.json='${file}'`, {
    limit,
  });
  const { numPassedTests: passed, numFailedTests, testResults } = read(file) ?? empty;
  if (passed === 0) faults.push('no test passed');
  // A file can fail with no test of it failing: it can't be loaded, or it left something open.
  const failed = numFailedTests + testResults.filter(failedByItself).length;
  for (const fault of faults) process.stdout.write(`${name}: ${fault}\n`);
  const skipped = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => fullName);
  // A bad end that no test accounts for (an unhandled error, say) counts as one failure.
  return { name, passed, failed: failed === 0 && faults.length > 0 ? 1 : failed, skipped };
}

const empty: Report = { numPassedTests: 0, numFailedTests: 0, testResults: [] };

function read(file: string): Report | undefined {
  try {
    return report.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function failedByItself({ status, assertionResults }: Report['testResults'][number]): boolean {
  return status === 'failed' && assertionResults.every((one) => one.status !== 'failed');
}
