/**
 * The near side: a backend's ports as another thread or process has them (`serve.ts`), so that code that only works because
 * two connections share a module, a map or a lock does not pass. Started by the first call, and again by the first after
 * an end.
 */
import type { Collection } from '../../../src/ports/documents.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import type { ConsumeOptions, Consumer } from '../../../src/ports/jobs.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import type { FarPorts } from './serve.ts';
import { type Channel, type FromFar, fromWire, type Place, type PortName, type ToFar, toWire } from './wire.ts';

export interface FarSide extends Channel<ToFar, FromFar> {
  /** Resolves once it has ended, for any reason. */
  readonly ended: Promise<void>;
  /** Ends it without a word. */
  kill(): Promise<void>;
}

export interface Elsewhere extends Omit<FarPorts, 'close'> {
  place(): Promise<Place>;
  /** Kills it in the midst of its work; open calls are rejected. */
  kill(): Promise<void>;
  /** Closes its ports and ends it, if it was started. */
  close(): Promise<void>;
}

/** @param start begins a far side */
export function elsewhere(start: () => FarSide | Promise<FarSide>): Elsewhere {
  let line: Promise<Line> | undefined;
  const connected = (): Promise<Line> => {
    line ??= Promise.resolve(start()).then(openLine);
    return line;
  };
  const end = async (how: (line: Line) => Promise<void>): Promise<void> => {
    const current = line;
    line = undefined;
    if (current !== undefined) await how(await current);
  };

  const method =
    (port: PortName, name: string) =>
    async (...args: unknown[]): Promise<never> =>
      (await connected()).ask((number) => ({ type: 'call', number, port, method: name, args: args.map(nameIndexes) }));
  const documents = (name: string) => method('documents', name);

  const subscribe: EventLog['subscribe'] = async function* (after, filter, signal) {
    const { send, ask, fresh } = await connected();
    const subscription = fresh();
    send({ type: 'subscribe', subscription, after, filter });
    const abort = (): void => send({ type: 'abort', subscription });
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    try {
      for (;;) {
        const next = await ask<IteratorResult<never>>((number) => ({ type: 'next', number, subscription }));
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      signal.removeEventListener('abort', abort);
      await ask((number) => ({ type: 'leave', number, subscription })).catch(() => undefined);
    }
  };

  const consume = <D>(options: ConsumeOptions<D>): Consumer => {
    const consuming = connected().then(({ consume }) => consume(options as ConsumeOptions<unknown>));
    return { close: async (graceMs) => (await consuming).close(graceMs) };
  };

  const acquire: Leases['acquire'] = async (name, signal) => {
    const { send, ask, fresh, onLost } = await connected();
    const acquiring = fresh();
    const release = () => ask<void>((number) => ({ type: 'release', number, acquiring }));
    const abort = (): void => send({ type: 'release', number: fresh(), acquiring });
    signal.addEventListener('abort', abort);
    const lost = new AbortController();
    onLost(acquiring, () => lost.abort());
    try {
      const token = await ask<bigint | undefined>((number) => ({ type: 'acquire', number, acquiring, name }));
      return token === undefined ? undefined : { name, token, lost: lost.signal, release };
    } finally {
      signal.removeEventListener('abort', abort);
    }
  };

  return {
    leases: { acquire },
    log: {
      id: method('log', 'id'),
      append: method('log', 'append'),
      readStream: method('log', 'readStream'),
      readNewest: method('log', 'readNewest'),
      readAll: method('log', 'readAll'),
      remember: method('log', 'remember'),
      findRequest: method('log', 'findRequest'),
      head: method('log', 'head'),
      subscribe,
    },
    documents: {
      get: documents('get'),
      getMany: documents('getMany'),
      find: documents('find'),
      findByKeys: documents('findByKeys'),
      write: documents('write'),
      moveCheckpoint: documents('moveCheckpoint'),
      checkpoint: documents('checkpoint'),
      reached: documents('reached'),
      serving: documents('serving'),
      startShadow: documents('startShadow'),
      promoteShadow: documents('promoteShadow'),
    },
    jobs: {
      add: method('jobs', 'add'),
      queues: method('jobs', 'queues'),
      counts: method('jobs', 'counts'),
      deadLetters: method('jobs', 'deadLetters'),
      redrive: method('jobs', 'redrive'),
      discard: method('jobs', 'discard'),
      consume,
    },
    contents: {
      put: method('contents', 'put'),
      get: method('contents', 'get'),
      delete: method('contents', 'delete'),
    },
    place: async () => (await connected()).ask<Place>((number) => ({ type: 'place', number })),
    kill: () => end(({ kill }) => kill()),
    close: () =>
      end(async ({ ask, ended }) => {
        await ask((number) => ({ type: 'close', number })).catch(() => undefined);
        await ended;
      }),
  };
}

/** Functions do not go over the wire: the far side knows the suite's indexes by their names (`documents/indexes.ts`). */
function nameIndexes(arg: unknown): unknown {
  if (typeof arg !== 'object' || arg === null || !('indexes' in arg)) return arg;
  const collection = arg as Collection<unknown>;
  return { ...collection, indexes: Object.keys(collection.indexes) };
}

/** The line to one far side, with the calls that wait for answers. */
interface Line {
  send(message: ToFar): void;
  ask<T>(message: (number: number) => ToFar): Promise<T>;
  /** A number that nothing else on this line has. */
  fresh(): number;
  consume(options: ConsumeOptions<unknown>): Consumer;
  /** Calls back when the lease that was acquired under that number is lost, or the far side has ended. */
  onLost(acquiring: number, listener: () => void): void;
  kill(): Promise<void>;
  readonly ended: Promise<void>;
}

function openLine(far: FarSide): Line {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const consumers = new Map<number, ConsumeOptions<unknown>>();
  const losses = new Map<number, () => void>();
  const cuts = new Map<number, AbortController>();
  let last = 0;
  let gone = false;

  const fresh = (): number => {
    last += 1;
    return last;
  };

  const ask = <T>(message: (number: number) => ToFar): Promise<T> => {
    if (gone) return Promise.reject(new Error('the other side has ended'));
    const number = fresh();
    const answer = Promise.withResolvers<unknown>();
    waiting.set(number, answer);
    far.send(message(number));
    return answer.promise as Promise<T>;
  };

  const settle = (number: number, how: (answer: PromiseWithResolvers<unknown>) => void): void => {
    const answer = waiting.get(number);
    waiting.delete(number);
    if (answer !== undefined) how(answer);
  };

  const run = async ({ consumer, run: number, job }: Extract<FromFar, { type: 'run' }>): Promise<void> => {
    const cut = new AbortController();
    cuts.set(number, cut);
    try {
      await consumers.get(consumer)?.handler(job, cut.signal);
      far.send({ type: 'handled', run: number });
    } catch (error) {
      far.send({ type: 'handled', run: number, failure: toWire(error) });
    } finally {
      cuts.delete(number);
    }
  };

  far.onMessage((message) => {
    switch (message.type) {
      case 'answer':
        return settle(message.number, ({ resolve }) => resolve(message.value));
      case 'failure':
        return settle(message.number, ({ reject }) => reject(fromWire(message.error)));
      case 'run':
        return void run(message);
      case 'cut':
        return cuts.get(message.run)?.abort(new Error('the consumer is closing'));
      case 'lost':
        return losses.get(message.acquiring)?.();
      case 'told':
        return consumers.get(message.consumer)?.onError?.(fromWire(message.error), message.job);
    }
  });
  void far.ended.then(() => {
    gone = true;
    for (const { reject } of waiting.values()) reject(new Error('the other side has ended'));
    waiting.clear();
    for (const lost of losses.values()) lost();
  });

  return {
    send: (message) => {
      if (!gone) far.send(message);
    },
    ask,
    fresh,
    onLost: (acquiring, listener) => void losses.set(acquiring, listener),
    consume(options) {
      const consumer = fresh();
      consumers.set(consumer, options);
      const { queuePrefix, concurrency } = options;
      far.send({ type: 'consume', consumer, queuePrefix, concurrency });
      return {
        // Of a side that was killed nothing is left to close.
        close: async (graceMs) => {
          if (!gone) await ask((number) => ({ type: 'closeConsumer', number, consumer, graceMs }));
        },
      };
    },
    kill: far.kill,
    ended: far.ended,
  };
}
