/**
 * Checks that citations resolve: of a page with its section to a heading, links
 * between pages to a file and a heading, and paths of our own in the pages to a file. Every decision is in the index.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { citationFaults, headingsOf, linksOf, pathsOf, slugOf } from './citations/citations.ts';

/** Pages that are cited a lot: to find no citation of them is to be blind. */
const BUSY_PAGES = ['docs/api.md', 'docs/jpush.md', 'docs/architecture.md'];

const pages = globSync('{README.md,docs/**/*.md}');
// The check itself and its test cite made-up pages.
const sources = globSync('{bin,src,test,bench,scripts}/**/*.{ts,mjs}').filter((file) => !/\/citations\b/.test(file));
const headings = new Map(pages.map((page) => [page, headingsOf(readFileSync(page, 'utf8'))]));
const cited = new Map<string, number>();
const faults: string[] = [];

for (const file of [...sources, ...pages]) {
  const { faults: found, cites } = citationFaults(
    readFileSync(file, 'utf8'),
    (page) => headings.get(page),
    pages.includes(file) ? file : undefined,
  );
  for (const page of cites) cited.set(page, (cited.get(page) ?? 0) + 1);
  faults.push(...found.map(({ line, text }) => `${file}:${line} ${text}`));
}

for (const page of pages) {
  const text = readFileSync(page, 'utf8');
  for (const { line, target } of linksOf(text)) {
    const [path = '', anchor] = target.split('#');
    const to = path === '' ? page : normalize(join(dirname(page), path));
    if (!existsSync(to)) faults.push(`${page}:${line} links to ${to}, which is not there`);
    else if (anchor !== undefined && !headings.get(to)?.some((heading) => slugOf(heading) === anchor))
      faults.push(`${page}:${line} links to ${to}#${anchor}, which has no such heading`);
  }
  for (const { line, path } of pathsOf(text))
    if (globSync(path).length === 0) faults.push(`${page}:${line} names ${path}, which is not there`);
}

const listed = linksOf(readFileSync('docs/decisions/README.md', 'utf8')).map(({ target }) => target);
for (const decision of globSync('[0-9]*.md', { cwd: 'docs/decisions' }))
  if (!listed.includes(decision)) faults.push(`docs/decisions/README.md does not list ${decision}`);

for (const page of BUSY_PAGES)
  if ((cited.get(page) ?? 0) < 5) faults.push(`hardly any citation of ${page} was seen: how were they looked for?`);

for (const fault of faults) process.stderr.write(`${fault}\n`);
const total = [...cited.values()].reduce((sum, count) => sum + count, 0);
process.stdout.write(
  `citations: ${sources.length + pages.length} files, ${total} citations, ${faults.length} faults\n`,
);
if (faults.length > 0) process.exitCode = 1;
