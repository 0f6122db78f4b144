/**
 * `npm run bench:push`: durable msgPush against a bare fastify that echoes a body of the same size, in alternating
 * rounds of one run, then the full path to the provider and the read model. One JSON line on stdout, progress on stderr.
 *   --quick         a smoke run: all steps, figures worth nothing
 *   --messages N    only memory: N messages in portions, resident memory after each
 *   --profile DIR   also CPU profiles of the service's threads there (main, writer, projector, worker), the hottest functions on stderr
 */
import { parseArgs } from 'node:util';
import { checkAccounts } from './push/accounts.ts';
import { type FullPathPlan, latency, throughput } from './push/full-path.ts';
import { growth, memoryOver } from './push/memory.ts';
import { measureRounds, type RoundPlan, warmUp } from './push/rounds.ts';
import { CONNECTIONS, openStage, type Stage, TERMINALS } from './push/stage.ts';
import { hottestIn } from './support/hottest.ts';
import { machine, progress } from './support/machine.ts';

interface Plan {
  readonly warmUpMs: number;
  readonly rounds: RoundPlan;
  readonly fullPath: FullPathPlan;
}

const plans = {
  full: {
    warmUpMs: 3000,
    rounds: { rounds: 5, bareMs: 2500, pushMs: 3000, push200Ms: 1000 },
    fullPath: { loadMs: 10_000, latencyMs: 8000 },
  },
  quick: {
    warmUpMs: 500,
    rounds: { rounds: 1, bareMs: 1000, pushMs: 1000, push200Ms: 300 },
    fullPath: { loadMs: 1000, latencyMs: 1500 },
  },
} as const satisfies Record<string, Plan>;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    messages: { type: 'string' },
    profile: { type: 'string' },
  },
});

async function measure(stage: Stage, plan: Plan) {
  progress('warming up');
  await warmUp(stage, plan.warmUpMs);
  const memory = [stage.memory()];
  const accept = await measureRounds(stage, plan.rounds, () => memory.push(stage.memory()));
  const path = await throughput(stage, plan.fullPath, accept.bare1.perSecond);
  const delays = await latency(stage, plan.fullPath, path.perSecond);
  memory.push(stage.memory());
  await checkAccounts(stage);
  return {
    bench: 'push',
    ...machine(),
    connections: CONNECTIONS,
    terminals: TERMINALS,
    rounds: plan.rounds.rounds,
    ...accept,
    fullPath: { ...path, latencyAtHalfLoad: delays },
    memory: growth(memory),
    messages: stage.taken.messages,
  };
}

async function measureMemory(stage: Stage, messages: number) {
  const memory = await memoryOver(stage, messages);
  await checkAccounts(stage);
  return { bench: 'push-memory', ...machine(), ...memory };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const stage = await openStage(values.profile);
try {
  const { quick, messages } = values;
  const result =
    messages === undefined
      ? await measure(stage, quick ? plans.quick : plans.full)
      : await measureMemory(stage, Number(messages));
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await stage.close();
}
if (values.profile !== undefined) progress(hottestIn(values.profile));
