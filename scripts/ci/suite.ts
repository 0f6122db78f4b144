/** The result of a step of CI. */
export interface Suite {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Names of the tests that were not run. */
  readonly skipped: readonly string[];
}

/** A step that either holds or doesn't, and counts as one test. */
export function oneCheck(name: string, faults: readonly string[]): Suite {
  for (const fault of faults) process.stdout.write(`${name}: ${fault}\n`);
  return { name, passed: faults.length === 0 ? 1 : 0, failed: faults.length === 0 ? 0 : 1, skipped: [] };
}

/** The closing line of a step, after the names of the tests that it skipped. */
export function closing({ name, passed, failed, skipped }: Suite, ms: number): string {
  const names = skipped.map((test) => `${name}: skipped: ${test}\n`);
  return `${names.join('')}${name}: ${passed} passed, ${failed} failed, ${skipped.length} skipped (${Math.round(ms / 1000)} s)\n`;
}
