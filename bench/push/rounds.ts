/** Accepting pushes against a bare server, in alternating rounds, so that other load of the machine hits both alike. */
import type { LoadResult } from '../support/load.ts';
import { progress } from '../support/machine.ts';
import { median, rounded } from '../support/numbers.ts';
import { type CpuUse, cpuMicrosEach, cpuOf } from '../support/proc.ts';
import type { Stage } from './stage.ts';

export interface RoundPlan {
  readonly rounds: number;
  readonly bareMs: number;
  readonly pushMs: number;
  /** Shorter, as each message is 200 deliveries that have to end before the next round. */
  readonly push200Ms: number;
}

interface Measured extends LoadResult {
  /** µs of each of the server's threads for each answer, its background work during the run included. */
  readonly cpu: CpuUse;
}

interface Round {
  readonly bare1: Measured;
  readonly push1: Measured;
  readonly bare200: Measured;
  readonly push200: Measured;
}

export async function warmUp(stage: Stage, ms: number): Promise<void> {
  await stage.bare(1, closed(ms / 2));
  await stage.bare(200, closed(ms / 2));
  await stage.push(1, closed(ms));
  await stage.observer.drained();
  await stage.push(200, closed(ms / 4));
  await stage.observer.drained();
}

/** @param onRound told after each round, when nothing is left to do */
export async function measureRounds(stage: Stage, plan: RoundPlan, onRound: () => void) {
  const rounds: Round[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    rounds.push(await oneRound(stage, plan));
    onRound();
    const { bare1, push1, push200 } = rounds.at(-1) as Round;
    progress(
      `round ${round} of ${plan.rounds}: bare ${show(bare1)}, 1 target ${show(push1)}, 200 targets ${show(push200)}`,
    );
  }
  return summary(rounds);
}

async function oneRound(stage: Stage, { bareMs, pushMs, push200Ms }: RoundPlan): Promise<Round> {
  const { service, barePid, observer } = stage;
  const bare1 = await measured(barePid, () => stage.bare(1, closed(bareMs)));
  const push1 = await measured(service.pid, () => stage.push(1, closed(pushMs)));
  await observer.drained();
  const bare200 = await measured(barePid, () => stage.bare(200, closed(bareMs / 2)));
  const push200 = await measured(service.pid, () => stage.push(200, closed(push200Ms)));
  await observer.drained();
  return { bare1, push1, bare200, push200 };
}

async function measured(pid: number, run: () => Promise<LoadResult>): Promise<Measured> {
  const before = cpuOf(pid);
  const result = await run();
  return { ...result, cpu: cpuMicrosEach(before, cpuOf(pid), result.answers) };
}

const closed = (ms: number) => ({ mode: { type: 'closed', ms } }) as const;

const show = ({ perSecond, p99Ms }: LoadResult): string => `${Math.round(perSecond)}/s (p99 ${rounded(p99Ms)} ms)`;

/** Each ratio is the median of the rounds' own ratios. */
function summary(rounds: readonly Round[]) {
  const over = (value: (round: Round) => number): number => rounded(median(rounds.map(value)));
  return {
    bare1: figures(rounds.map(({ bare1 }) => bare1)),
    push1: figures(rounds.map(({ push1 }) => push1)),
    bare200: figures(rounds.map(({ bare200 }) => bare200)),
    push200: figures(rounds.map(({ push200 }) => push200)),
    push1ToBare: over(({ push1, bare1 }) => push1.perSecond / bare1.perSecond),
    p99Push1ToBare: over(({ push1, bare1 }) => push1.p99Ms / bare1.p99Ms),
    time200To1: over(({ push1, push200 }) => push1.perSecond / push200.perSecond),
    p50Of200To1: over(({ push1, push200 }) => push200.p50Ms / push1.p50Ms),
  };
}

function figures(runs: readonly Measured[]) {
  const over = (value: (run: Measured) => number): number => rounded(median(runs.map(value)));
  return {
    perSecond: Math.round(median(runs.map(({ perSecond }) => perSecond))),
    p50Ms: over(({ p50Ms }) => p50Ms),
    p99Ms: over(({ p99Ms }) => p99Ms),
    maxMs: over(({ maxMs }) => maxMs),
    cpuMicros: {
      main: over(({ cpu }) => cpu.main),
      workers: (runs[0]?.cpu.workers ?? []).map((_, index) => over(({ cpu }) => cpu.workers[index] ?? 0)),
      rest: over(({ cpu }) => cpu.rest),
    },
    loadCpuShare: over(({ cpuSeconds, seconds }) => cpuSeconds / seconds),
  };
}
