/** The least that any rebuild has to do: read every event and parse its JSON. */
import { openReadOnly } from '../../src/backends/embedded/connection/reader.ts';

/** @returns seconds */
export function readRaw(file: string, expected: number): number {
  const db = openReadOnly(file);
  const started = performance.now();
  let events = 0;
  for (const row of db
    .prepare('SELECT position, stream, type, data, metadata FROM events ORDER BY position')
    .iterate()) {
    JSON.parse(String(row.data));
    JSON.parse(String(row.metadata));
    events += 1;
  }
  const seconds = (performance.now() - started) / 1000;
  db.close();
  if (events !== expected) throw new Error(`read ${events} events of ${expected}`);
  return seconds;
}

/** How many events there are of each type. */
export function countTypes(file: string): ReadonlyMap<string, number> {
  const db = openReadOnly(file);
  const rows = db.prepare('SELECT type, count(*) AS n FROM events GROUP BY type').all();
  db.close();
  return new Map(rows.map((row) => [String(row.type), Number(row.n)]));
}
