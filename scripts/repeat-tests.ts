/**
 * Runs the tests again and again, to see that none of them passes by luck only:
 * `npm run test:repeat -- [times] [vitest arguments]`, ten times unless told. Ends at the first run that fails.
 */
import { spawnSync } from 'node:child_process';

const [times = '10', ...rest] = process.argv.slice(2);

for (let run = 1; run <= Number(times); run += 1) {
  process.stdout.write(`run ${run} of ${times}\n`);
  const { status } = spawnSync('vitest', ['run', '--reporter=dot', ...rest], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`run ${run} failed\n`);
    process.exit(1);
  }
}
