/** The load generator, a process of its own: the same one for every server, so that what it costs cancels out. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { type Connection, openConnection, sendNext, type Template } from './connection.ts';
import { note, takeOrders } from './orders.ts';

export type LoadMode =
  /** Every connection sends its next request as soon as it has the answer to the one before. */
  | { readonly type: 'closed'; readonly ms: number }
  /** The same, until each template was sent once. */
  | { readonly type: 'once' }
  /** The same, until so many are answered. */
  | { readonly type: 'count'; readonly total: number }
  /** Requests come at a fixed rate, whatever the server does; latency counts from when one was due. */
  | { readonly type: 'open'; readonly ms: number; readonly perSecond: number };

export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Dealt out to the connections. */
  readonly templates: readonly Template[];
  readonly mode: LoadMode;
  /** What every answer must hold; one that doesn't fails the run. */
  readonly expect: string;
  /** Of every n-th answer the msgId is told at once, with the time of the answer. */
  readonly sampleEvery?: number;
}

export interface LoadResult {
  readonly answers: number;
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

/** Requests that are due and have no connection; beyond, the server can't keep up with the rate. */
const MAX_BEHIND = 20_000;
const SILENCE_MS = 15_000;
const TICK_MS = 1;
const MSG_ID = /"msgId":"([^"]+)"/;

/** Over all runs, so that no sequenceId comes twice. */
let sequence = 0;

async function run(order: LoadOrder): Promise<LoadResult> {
  const { mode } = order;
  const latency = createHistogram({ figures: 3 });
  const finished = Promise.withResolvers<void>();
  // Nobody listens yet while the connections are being opened.
  finished.promise.catch(() => undefined);
  const idle: Connection[] = [];
  const due: number[] = [];
  let started = 0;
  let sent = 0;
  let answers = 0;
  let underWay = 0;
  let lastAnswerAt = performance.now();
  let ending = false;

  const mayStart = ({ turn, templates }: Connection, now: number): boolean => {
    switch (mode.type) {
      case 'once':
        return turn < templates.length;
      case 'closed':
        return now - started < mode.ms;
      case 'count':
        return sent < mode.total;
      case 'open':
        return due.length > 0;
    }
  };

  const start = (connection: Connection, now: number): void => {
    sequence += 1;
    sent += 1;
    underWay += 1;
    sendNext(connection, sequence, due.shift() ?? now);
  };

  const onAnswer = (connection: Connection, text: string): void => {
    const now = performance.now();
    lastAnswerAt = now;
    record(latency, now - (connection.dueAt ?? now));
    connection.dueAt = undefined;
    underWay -= 1;
    answers += 1;
    if (!text.startsWith('HTTP/1.1 200') || !text.includes(order.expect)) {
      finished.reject(new Error(`an answer that was not expected: ${text.slice(0, 600)}`));
      return;
    }
    if (order.sampleEvery !== undefined && answers % order.sampleEvery === 0) tellSample(text, now);
    if (mayStart(connection, now)) start(connection, now);
    else if (mode.type === 'open' && !ending) idle.push(connection);
    else if (underWay === 0) finished.resolve();
  };

  const connections = await Promise.all(
    deal(order.templates, order.connections).map((templates) =>
      openConnection(order.port, templates, onAnswer, finished.reject),
    ),
  );
  const cpuBefore = process.cpuUsage();
  started = performance.now();
  const watch = setInterval(() => {
    if (performance.now() - lastAnswerAt > SILENCE_MS) finished.reject(new Error(`no answer for ${SILENCE_MS} ms`));
  }, 1000);

  let arrivals: NodeJS.Timeout | undefined;
  if (mode.type === 'open') {
    idle.push(...connections);
    let released = 0;
    arrivals = setInterval(() => {
      const now = performance.now();
      const until = Math.min(now - started, mode.ms);
      for (; (released * 1000) / mode.perSecond < until; released += 1)
        due.push(started + (released * 1000) / mode.perSecond);
      while (due.length > 0) {
        const connection = idle.pop();
        if (connection === undefined) break;
        start(connection, now);
      }
      if (due.length > MAX_BEHIND) finished.reject(new Error(`the server can't keep up with ${mode.perSecond}/s`));
      ending = until >= mode.ms && due.length === 0;
      if (ending && underWay === 0) finished.resolve();
    }, TICK_MS);
  } else for (const connection of connections) if (mayStart(connection, started)) start(connection, started);

  try {
    await finished.promise;
  } finally {
    clearInterval(watch);
    clearInterval(arrivals);
    for (const { socket } of connections) socket.destroy();
  }
  return resultOf(latency, answers, (performance.now() - started) / 1000, process.cpuUsage(cpuBefore));
}

function record(latency: RecordableHistogram, ms: number): void {
  latency.record(Math.max(1, Math.round(ms * 1000)));
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

function resultOf(latency: RecordableHistogram, answers: number, seconds: number, cpu: NodeJS.CpuUsage): LoadResult {
  return {
    answers,
    seconds,
    perSecond: answers / seconds,
    p50Ms: latency.percentile(50) / 1000,
    p99Ms: latency.percentile(99) / 1000,
    maxMs: latency.max / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
  };
}

takeOrders<LoadOrder>(undefined, run);
