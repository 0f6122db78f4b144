/**
 * `npm run bench:rebuild`: each projection rebuilt from 10^5 events on the embedded backend, against reading and parsing
 * them raw, in alternating rounds. One JSON line on stdout, progress on stderr.
 *   --quick      a smoke run: 10^4 events, one round
 *   --events N   another size of the log
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type EmbeddedBackend, openEmbedded } from '../src/backends/embedded/index.ts';
import { decodeEvent, encodeEvent } from '../src/domain/codec.ts';
import { deliveriesProjection } from '../src/projections/deliveries.ts';
import { devicesProjection } from '../src/projections/devices.ts';
import { projectionNames, rebuildProjection } from '../src/projections/index.ts';
import { messagesProjection } from '../src/projections/messages.ts';
import { writeHistory } from './rebuild/history.ts';
import { countTypes, readRaw } from './rebuild/raw.ts';
import { machine, progress } from './support/machine.ts';
import { median, rounded } from './support/numbers.ts';

/** Seconds. */
interface Round {
  readonly raw: number;
  readonly rebuilt: Readonly<Record<string, number>>;
}

const filters = [devicesProjection, messagesProjection, deliveriesProjection].map(({ name, filter }) => ({
  name,
  types: filter.types as readonly string[],
}));

async function measure(backend: EmbeddedBackend, file: string, events: number, rounds: number) {
  readRaw(file, events);
  const seen: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    seen.push(await oneRound(backend, file, events));
    progress(`round ${round} of ${rounds}: ${JSON.stringify(seen.at(-1))}`);
  }
  return summary(seen, events, countTypes(file));
}

/** A raw read before each rebuild, so that both meet the same neighbours. */
async function oneRound(backend: EmbeddedBackend, file: string, events: number): Promise<Round> {
  const raws: number[] = [];
  const rebuilt: Record<string, number> = {};
  for (const name of projectionNames) {
    raws.push(readRaw(file, events));
    const started = performance.now();
    await rebuildProjection(name, backend, () => undefined);
    rebuilt[name] = (performance.now() - started) / 1000;
  }
  return { raw: raws.reduce((sum, seconds) => sum + seconds, 0) / raws.length, rebuilt };
}

function summary(rounds: readonly Round[], events: number, types: ReadonlyMap<string, number>) {
  const over = (value: (round: Round) => number): number => median(rounds.map(value));
  const secondsOf = (name: string) => over(({ rebuilt }) => rebuilt[name] ?? Number.NaN);
  const takenBy = (name: string): number =>
    (filters.find((filter) => filter.name === name)?.types ?? []).reduce(
      (sum, type) => sum + (types.get(type) ?? 0),
      0,
    );
  const projection = (name: string) => ({
    eventsTaken: takenBy(name),
    perSecond: Math.round(events / secondsOf(name)),
    takenPerSecond: Math.round(takenBy(name) / secondsOf(name)),
    toRaw: rounded(over(({ raw, rebuilt }) => raw / (rebuilt[name] ?? Number.NaN))),
  });
  return {
    events,
    rounds: rounds.length,
    rawPerSecond: Math.round(events / over(({ raw }) => raw)),
    projections: Object.fromEntries(projectionNames.map((name) => [name, projection(name)])),
    ratio: rounded(over(({ raw, rebuilt }) => (raw * projectionNames.length) / total(rebuilt))),
    ratioIs: `time of ${projectionNames.length} raw reads of the whole log / time to rebuild all ${projectionNames.length} projections one after another, median of the rounds`,
  };
}

function total(rebuilt: Readonly<Record<string, number>>): number {
  return Object.values(rebuilt).reduce((sum, seconds) => sum + seconds, 0);
}

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, events: { type: 'string' } },
});
const wanted = Number(values.events ?? (values.quick ? 10_000 : 100_000));
const folder = await mkdtemp(join(tmpdir(), 'ums-bench-'));
try {
  const file = join(folder, 'ums.sqlite');
  const codec = { encode: encodeEvent, decode: decodeEvent };
  const backend = await openEmbedded({ file, contentKey: new Uint8Array(randomBytes(32)), codec });
  try {
    const started = performance.now();
    const events = await writeHistory(backend.log, wanted);
    progress(`${events} events written in ${rounded((performance.now() - started) / 1000)} s`);
    const result = await measure(backend, file, events, values.quick ? 1 : 3);
    process.stdout.write(`${JSON.stringify({ bench: 'rebuild', ...machine(), ...result })}\n`);
  } finally {
    await backend.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
