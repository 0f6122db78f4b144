// Plain JavaScript that every Node since 18 can read: it runs before anybody knows which Node this is.
import { readFileSync } from 'node:fs';

/** Ends the process with one line and exit code 1 unless this is the major version that package.json pins. */
export function requireNode() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const wanted = dependencies.node.split('.')[0];
  if (process.versions.node.split('.')[0] === wanted) return;
  process.stderr.write(
    `ums: this is Node ${process.version}, but the project runs on Node ${wanted}, which it pins as the npm package "node": ` +
      'run "npm ci" (or "npm rebuild node" if it was installed with --ignore-scripts), ' +
      'then use the npm scripts: "npm start", "npm test", "npm run ums -- --help".\n',
  );
  process.exit(1);
}
