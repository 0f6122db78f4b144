/** From the request to the provider and to the read model. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Sample } from '../support/load.ts';
import { progress } from '../support/machine.ts';
import { quantile, rounded } from '../support/numbers.ts';
import { cpuMicrosEach, cpuOf } from '../support/proc.ts';
import type { Stage } from './stage.ts';

export interface FullPathPlan {
  readonly loadMs: number;
  readonly latencyMs: number;
}

/** The file is looked at this often for the messages that are awaited; the latency of the read model is that coarse. */
const LOOK_EVERY_MS = 2;
const SAMPLES_PER_SECOND = 50;

/**
 * As many as 64 connections can send, then the time until the last one is delivered and shown counts as well:
 * accepting faster than delivering is no throughput.
 */
export async function throughput(stage: Stage, { loadMs }: FullPathPlan, barePerSecond: number) {
  const before = cpuOf(stage.service.pid);
  const sent = await stage.push(1, { mode: { type: 'closed', ms: loadMs } });
  const drainSeconds = await stage.observer.drained();
  const perSecond = sent.answers / (sent.seconds + drainSeconds);
  progress(`full path: ${Math.round(perSecond)}/s, ${rounded(drainSeconds)} s of them to drain`);
  return {
    messages: sent.answers,
    loadSeconds: rounded(sent.seconds),
    drainSeconds: rounded(drainSeconds),
    perSecond: Math.round(perSecond),
    toBare: rounded(perSecond / barePerSecond),
    cpuMicros: cpuMicrosEach(before, cpuOf(stage.service.pid), sent.answers),
  };
}

/** At half of the full path's capacity: how long after its answer a message is at the provider, and shown as sent. */
export async function latency(stage: Stage, { latencyMs }: FullPathPlan, sustained: number) {
  const perSecond = Math.max(1, Math.round(sustained / 2));
  const samples: Sample[] = [];
  const awaited: Sample[] = [];
  stage.onSample((value) => {
    samples.push(value as Sample);
    awaited.push(value as Sample);
  });
  const watching = new AbortController();
  const shown = watch(stage, awaited, watching.signal);
  const sent = await stage.push(1, {
    mode: { type: 'open', ms: latencyMs, perSecond },
    sampleEvery: Math.max(1, Math.round(perSecond / SAMPLES_PER_SECOND)),
  });
  await stage.observer.drained();
  watching.abort();
  const toReadModel = await shown;
  stage.onSample(() => undefined);

  const takenAt = await stage.takenAt(samples.map(({ msgId }) => msgId));
  const toProvider = samples.map(({ answeredAt }, index) => Math.max(0, (takenAt[index] ?? Number.NaN) - answeredAt));
  if (toProvider.some(Number.isNaN) || toReadModel.length !== samples.length || samples.length === 0)
    throw new Error('a sampled message was not seen at the provider or in the read model');
  const answer = { p50Ms: rounded(sent.p50Ms), p99Ms: rounded(sent.p99Ms) };
  return {
    perSecond,
    samples: samples.length,
    answer,
    toProvider: spread(toProvider),
    toReadModel: spread(toReadModel),
  };
}

/** @returns ms from the answer until the read model showed it, for each; goes on until told to stop and none is left */
async function watch(stage: Stage, awaited: Sample[], signal: AbortSignal): Promise<number[]> {
  const seen: number[] = [];
  while (!signal.aborted || awaited.length > 0) {
    await wait(LOOK_EVERY_MS);
    const now = performance.timeOrigin + performance.now();
    const done = awaited.filter(({ msgId }) => stage.observer.isSent(msgId));
    for (const sample of done) {
      seen.push(Math.max(0, now - sample.answeredAt));
      awaited.splice(awaited.indexOf(sample), 1);
    }
    if (signal.aborted && done.length === 0 && awaited.length > 0) throw new Error('a sampled message was never sent');
  }
  return seen;
}

function spread(values: readonly number[]) {
  return { p50Ms: rounded(quantile(values, 0.5)), p99Ms: rounded(quantile(values, 0.99)) };
}
