/** The load generator, a process of its own: the same one for every server, so that its own cost cancels out. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Connection, openConnection, sendNext, type Template } from './connection.ts';
import { note, takeOrders } from './orders.ts';
import { isOver, type LoadMode, paceOf } from './pace.ts';

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Dealt out to the connections. */
  readonly templates: readonly Template[];
  readonly mode: LoadMode;
  /** A text that every answer must contain; one without it fails the run. */
  readonly expect: string;
  /** Refusals as overload makes them (503, A00001, `Retry-After`) are counted; without this they fail the run. */
  readonly refusals?: 'counted';
  /** Of every n-th answer the msgId is reported at once, with the time of the answer. */
  readonly sampleEvery?: number;
}

export interface LoadResult {
  /** As expected; the times are theirs. */
  readonly answers: number;
  readonly refused: number;
  readonly refusedP50Ms: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** CPU time of the generator itself. */
  readonly cpuSeconds: number;
}

export interface Sample {
  readonly msgId: string;
  /** ms since 1970, with fractions. */
  readonly answeredAt: number;
}

const SILENCE_MS = 15_000;
const TICK_MS = 1;
const MSG_ID = /"msgId":"([^"]+)"/;

/** Over all runs, so that no sequenceId comes twice. */
let sequence = 0;

/** @throws Error at the first answer that is not as expected, a broken connection, or a silence */
async function run(order: LoadOrder): Promise<LoadResult> {
  const latency = createHistogram({ figures: 3 });
  const refusals = createHistogram({ figures: 3 });
  const finished = Promise.withResolvers<void>();
  // A connection may break before anybody waits.
  finished.promise.catch(() => undefined);
  let answered = (_connection: Connection, _text: string): void => undefined;
  const connections = await Promise.all(
    deal(order.templates, order.connections).map((templates) =>
      openConnection(order.port, templates, (connection, text) => answered(connection, text), finished.reject),
    ),
  );
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const traffic = openTraffic(order, startedAt, connections, { latency, refusals }, finished);
  answered = traffic.answered;
  const ticks = setInterval(traffic.tick, TICK_MS);
  traffic.tick();
  try {
    await finished.promise;
  } finally {
    clearInterval(ticks);
    for (const { socket } of connections) socket.destroy();
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return resultOf({ latency, refusals }, seconds, process.cpuUsage(cpuBefore));
}

interface Measures {
  readonly latency: RecordableHistogram;
  readonly refusals: RecordableHistogram;
}

interface Traffic {
  answered(connection: Connection, text: string): void;
  /** Sends requests that are due, and notices the end or a silence. */
  tick(): void;
}

function openTraffic(
  { mode, expect, refusals: allowed, sampleEvery = Number.POSITIVE_INFINITY }: LoadOrder,
  startedAt: number,
  connections: readonly Connection[],
  { latency, refusals }: Measures,
  finished: PromiseWithResolvers<void>,
): Traffic {
  const pace = paceOf(mode, startedAt);
  const idle = [...connections];
  let lastAnswerAt = startedAt;

  const send = (connection: Connection, now: number): boolean => {
    try {
      const dueAt = pace(connection, now);
      if (dueAt === undefined) return false;
      sequence += 1;
      sendNext(connection, sequence, dueAt);
      return true;
    } catch (error) {
      finished.reject(error);
      return false;
    }
  };

  return {
    answered(connection, text) {
      const now = performance.now();
      lastAnswerAt = now;
      const micros = Math.max(1, Math.round((now - (connection.dueAt ?? now)) * 1000));
      connection.dueAt = undefined;
      if (text.startsWith('HTTP/1.1 200') && text.includes(expect)) latency.record(micros);
      else if (allowed === 'counted' && isRefusal(text)) refusals.record(micros);
      else finished.reject(new Error(`an answer that was not expected: ${text.slice(0, 600)}`));
      if (latency.count % sampleEvery === 0) tellSample(text, now);
      if (!send(connection, now)) idle.push(connection);
    },
    tick() {
      const now = performance.now();
      while (idle.length > 0 && send(idle.at(-1) as Connection, now)) idle.pop();
      if (idle.length === connections.length && isOver(mode, startedAt, now)) finished.resolve();
      else if (now - lastAnswerAt > SILENCE_MS && idle.length < connections.length)
        finished.reject(new Error(`no answer for ${SILENCE_MS} ms`));
    },
  };
}

function isRefusal(text: string): boolean {
  return text.startsWith('HTTP/1.1 503') && text.includes('"retCode":"A00001"') && /\r\nretry-after: *\d/i.test(text);
}

function tellSample(text: string, now: number): void {
  const msgId = MSG_ID.exec(text)?.[1];
  if (msgId !== undefined) note({ msgId, answeredAt: performance.timeOrigin + now } satisfies Sample);
}

function deal(templates: readonly Template[], connections: number): Template[][] {
  const hands = Array.from({ length: Math.min(connections, templates.length) }, (): Template[] => []);
  templates.forEach((template, index) => {
    hands[index % hands.length]?.push(template);
  });
  return hands;
}

function resultOf({ latency, refusals }: Measures, seconds: number, cpu: NodeJS.CpuUsage): LoadResult {
  return {
    answers: latency.count,
    refused: refusals.count,
    refusedP50Ms: refusals.count === 0 ? 0 : refusals.percentile(50) / 1000,
    seconds,
    perSecond: latency.count / seconds,
    p50Ms: latency.percentile(50) / 1000,
    p99Ms: latency.percentile(99) / 1000,
    maxMs: latency.max / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

takeOrders<LoadOrder>(undefined, run);
