/** The far side: has a backend's ports in its own thread or process and makes the calls of the near side on them. */
import { threadId } from 'node:worker_threads';
import type { Contents } from '../../../src/ports/contents.ts';
import type { Documents } from '../../../src/ports/documents.ts';
import type { EventLog, LogBatch } from '../../../src/ports/event-log.ts';
import type { Consumer, Job, Jobs } from '../../../src/ports/jobs.ts';
import type { Lease, Leases } from '../../../src/ports/leases.ts';
import { withIndexes } from '../documents/indexes.ts';
import { type Channel, type FromFar, fromWire, type Place, type ToFar, toWire } from './wire.ts';

export interface FarPorts {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly jobs: Jobs;
  readonly contents: Contents;
  readonly leases: Leases;
  close(): Promise<void>;
}

/** @param ended called once the ports are closed and that was answered */
export function serve(channel: Channel<FromFar, ToFar>, ports: FarPorts, ended: () => void): void {
  const subscriptions = new Map<number, { batches: AsyncIterator<LogBatch>; abort: AbortController }>();
  const consumers = new Map<number, Consumer>();
  const leases = new Map<number, { abort: AbortController; lease: Promise<Lease | undefined> }>();
  const runs = new Map<number, PromiseWithResolvers<void>>();
  let lastRun = 0;

  const call = ({ port, method, args }: Extract<ToFar, { type: 'call' }>): unknown => {
    const methods = ports[port] as unknown as Record<string, (...args: unknown[]) => unknown>;
    return methods[method]?.(...args.map(withIndexes));
  };

  const runFor = (consumer: number) => async (job: Job<unknown>, signal: AbortSignal) => {
    lastRun += 1;
    const run = lastRun;
    const handled = Promise.withResolvers<void>();
    runs.set(run, handled);
    signal.addEventListener('abort', () => channel.send({ type: 'cut', run }));
    channel.send({ type: 'run', consumer, run, job });
    await handled.promise.finally(() => runs.delete(run));
  };

  const consume = ({ consumer, queuePrefix, concurrency }: Extract<ToFar, { type: 'consume' }>): void => {
    consumers.set(
      consumer,
      ports.jobs.consume({
        queuePrefix,
        concurrency,
        handler: runFor(consumer),
        onError: (error, job) => channel.send({ type: 'told', consumer, error: toWire(error), job }),
      }),
    );
  };

  const subscribe = ({ subscription, after, filter }: Extract<ToFar, { type: 'subscribe' }>): void => {
    const abort = new AbortController();
    const batches = ports.log.subscribe(after, filter, abort.signal)[Symbol.asyncIterator]();
    subscriptions.set(subscription, { batches, abort });
  };

  const leave = async (subscription: number): Promise<void> => {
    const reading = subscriptions.get(subscription);
    subscriptions.delete(subscription);
    reading?.abort.abort();
    await reading?.batches.return?.();
  };

  const acquire = async ({ acquiring, name }: Extract<ToFar, { type: 'acquire' }>): Promise<bigint | undefined> => {
    const abort = new AbortController();
    const lease = ports.leases.acquire(name, abort.signal);
    leases.set(acquiring, { abort, lease });
    const held = await lease;
    held?.lost.addEventListener('abort', () => channel.send({ type: 'lost', acquiring }));
    return held?.token;
  };

  const release = async (acquiring: number): Promise<void> => {
    const known = leases.get(acquiring);
    known?.abort.abort();
    await (await known?.lease)?.release();
  };

  const answer = async (number: number, work: () => unknown): Promise<void> => {
    try {
      channel.send({ type: 'answer', number, value: await work() });
    } catch (error) {
      channel.send({ type: 'failure', number, error: toWire(error) });
    }
  };

  channel.onMessage((message) => {
    switch (message.type) {
      case 'call':
        return void answer(message.number, () => call(message));
      case 'place':
        return void answer(message.number, (): Place => ({ pid: process.pid, threadId }));
      case 'subscribe':
        return subscribe(message);
      case 'next':
        return void answer(message.number, () => subscriptions.get(message.subscription)?.batches.next());
      case 'abort':
        return subscriptions.get(message.subscription)?.abort.abort();
      case 'leave':
        return void answer(message.number, () => leave(message.subscription));
      case 'consume':
        return consume(message);
      case 'acquire':
        return void answer(message.number, () => acquire(message));
      case 'release':
        return void answer(message.number, () => release(message.acquiring));
      case 'closeConsumer':
        return void answer(message.number, () => consumers.get(message.consumer)?.close(message.graceMs));
      case 'handled': {
        const { run, failure } = message;
        return failure === undefined ? runs.get(run)?.resolve() : runs.get(run)?.reject(fromWire(failure));
      }
      case 'close':
        return void answer(message.number, ports.close).then(ended);
    }
  });
}
