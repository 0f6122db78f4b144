/** Holds the imports to .dependency-cruiser.mjs, and the check itself to having read every file. */
import { globSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

const FOLDERS = ['bin', 'src', 'test', 'bench', 'scripts'];
/** A file that is known to import a lot, types too: to see none of it is to be blind. */
const BUSY_FILE = 'src/roles/serve.ts';

const files = globSync(`{${FOLDERS.join(',')}}/**/*.{ts,mjs}`);
const folders = FOLDERS.filter((folder) => files.some((file) => file.startsWith(`${folder}/`)));
const { output } = await cruise(folders, await extractDepcruiseOptions('./.dependency-cruiser.mjs'));
const { modules, summary } = output as ICruiseResult;

const faults = summary.violations.map(({ rule, from, to, cycle }) => {
  const comment = summary.ruleSetUsed?.forbidden?.find(({ name }) => name === rule.name)?.comment;
  const way = cycle ? cycle.map(({ name }) => name) : from === to ? [] : [to];
  return `${[from, ...way].join(' → ')}\n  ${rule.name}: ${comment ?? ''}`;
});

// A parser that can't read TypeScript makes dependency-cruiser find nothing, and so find nothing wrong.
const seen = new Map(modules.map(({ source, dependencies }) => [source, dependencies]));
const missed = files.filter((file) => !seen.has(file));
const busy = seen.get(BUSY_FILE) ?? [];
const types = busy.filter(({ dependencyTypes }) => dependencyTypes.includes('type-only'));
if (missed.length > 0) faults.push(`${missed.length} of ${files.length} files were not read, such as ${missed[0]}`);
if (busy.length < 5 || types.length === 0) faults.push(`no imports were seen in ${BUSY_FILE}: which parser was it?`);

for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(
  `boundaries: ${files.length} files, ${summary.totalDependenciesCruised} imports, ${faults.length} faults\n`,
);
if (faults.length > 0) process.exitCode = 1;
