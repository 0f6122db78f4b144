/**
 * `npm run bench:overload`: 1,000 connections send msgPush at five times the rate that the service reaches with 64, beside
 * a bare fastify under the same. One JSON line on stdout, progress on stderr.
 *   --quick   a smoke run: all steps, figures worth nothing
 */
import { parseArgs } from 'node:util';
import { checkAccounts } from './push/accounts.ts';
import { openStage, type Stage } from './push/stage.ts';
import type { LoadResult } from './support/load.ts';
import { machine, progress } from './support/machine.ts';
import { median, rounded } from './support/numbers.ts';

const FLOOD_CONNECTIONS = 1000;
const TIMES_CAPACITY = 5;

interface Plan {
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly capacityMs: number;
  readonly floodMs: number;
}

const plans: Record<'full' | 'quick', Plan> = {
  full: { rounds: 3, warmUpMs: 3000, capacityMs: 3000, floodMs: 8000 },
  quick: { rounds: 1, warmUpMs: 500, capacityMs: 700, floodMs: 1500 },
};

interface Round {
  readonly capacity: LoadResult;
  readonly flood: LoadResult;
  readonly bareCapacity: LoadResult;
  readonly bareFlood: LoadResult;
}

async function oneRound(stage: Stage, { capacityMs, floodMs }: Plan): Promise<Round> {
  const closed = { mode: { type: 'closed', ms: capacityMs } } as const;
  const floodOf = ({ perSecond }: LoadResult) =>
    ({
      mode: { type: 'flood', ms: floodMs, perSecond: TIMES_CAPACITY * perSecond },
      connections: FLOOD_CONNECTIONS,
      refusals: 'counted',
    }) as const;
  const bareCapacity = await stage.bare(1, closed);
  const bareFlood = await stage.bare(1, floodOf(bareCapacity));
  const capacity = await stage.push(1, closed);
  await stage.observer.drained();
  const flood = await stage.push(1, floodOf(capacity));
  await stage.observer.drained();
  return { capacity, flood, bareCapacity, bareFlood };
}

async function measure(stage: Stage, plan: Plan) {
  progress('warming up');
  await stage.push(1, { mode: { type: 'closed', ms: plan.warmUpMs } });
  await stage.observer.drained();
  const rounds: Round[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    const result = await oneRound(stage, plan);
    rounds.push(result);
    progress(`round ${round} of ${plan.rounds}: ${show(result)}`);
  }
  await checkAccounts(stage);
  return { bench: 'overload', ...machine(), connections: FLOOD_CONNECTIONS, ...summary(rounds) };
}

function show({ capacity, flood }: Round): string {
  const { perSecond, p50Ms, p99Ms, refused } = flood;
  const times = `p50 ${rounded(p50Ms)}, p99 ${rounded(p99Ms)} ms`;
  return `capacity ${Math.round(capacity.perSecond)}/s; flooded ${Math.round(perSecond)}/s (${times}), ${refused} refused`;
}

/** Each ratio is the median of the rounds' own ratios. */
function summary(rounds: readonly Round[]) {
  const over = (value: (round: Round) => number): number => rounded(median(rounds.map(value)));
  return {
    rounds: rounds.length,
    capacityPerSecond: over(({ capacity }) => capacity.perSecond),
    accepted: {
      perSecond: over(({ flood }) => flood.perSecond),
      p50Ms: over(({ flood }) => flood.p50Ms),
      p99Ms: over(({ flood }) => flood.p99Ms),
      maxMs: over(({ flood }) => flood.maxMs),
    },
    refused: {
      perSecond: over(({ flood }) => flood.refused / flood.seconds),
      p50Ms: over(({ flood }) => flood.refusedP50Ms),
    },
    bare: {
      capacityPerSecond: over(({ bareCapacity }) => bareCapacity.perSecond),
      perSecond: over(({ bareFlood }) => bareFlood.perSecond),
      p50Ms: over(({ bareFlood }) => bareFlood.p50Ms),
      p99Ms: over(({ bareFlood }) => bareFlood.p99Ms),
    },
    goodputToCapacity: over(({ flood, capacity }) => flood.perSecond / capacity.perSecond),
    p99ToBare: over(({ flood, bareFlood }) => flood.p99Ms / bareFlood.p99Ms),
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const stage = await openStage();
try {
  const result = await measure(stage, values.quick ? plans.quick : plans.full);
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await stage.close();
}
