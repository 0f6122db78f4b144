import { defineConfig } from 'vitest/config';

/** The crash test: minutes long, so apart from the others. `npx vitest run --config vitest.crash.config.ts` */
export default defineConfig({
  test: {
    include: ['test/crash/**/*.crash.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 90_000,
    teardownTimeout: 10_000,
  },
});
