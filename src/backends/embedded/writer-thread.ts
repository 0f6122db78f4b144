/** The thread that owns the write connection. Serves any number of ports; what has arrived on all of them commits together. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromWriter, Op, Reply, ToWriter } from './protocol.ts';
import { openFileWriter } from './writer.ts';

/** Operations of one transaction at most; more wait for the next. */
const MAX_BATCH = 1024;
/**
 * Under load a transaction begins this long after the one before at the earliest, so that more share its fsync and its
 * notices. A batch of fewer operations than the limit is no load: what comes alone is committed at once.
 */
const COMMIT_EVERY_MS = 2;
const LOAD_OPS = 4;
const FORGET_EVERY_MS = 60_000;
/** While there is more to forget: bite by bite, so that no append waits long, and faster than requests come. */
const FORGET_MORE_MS = 100;

interface Start {
  readonly file: string;
  readonly contentKey: Uint8Array;
}

export type ToWriterThread =
  | { readonly type: 'attach'; readonly port: MessagePort }
  /** Everything is answered, then the file is closed. */
  | { readonly type: 'stop' };

export type FromWriterThread =
  | { readonly type: 'open' }
  | { readonly type: 'failed'; readonly name: string; readonly error: string };

interface Batch {
  readonly port: MessagePort;
  readonly first: number;
  readonly ops: readonly Op[];
}

function run(parent: MessagePort, { file, contentKey }: Start): void {
  const writer = openFileWriter(file, contentKey);
  const ports = new Set<MessagePort>();

  const receive = (port: MessagePort, message: ToWriter, into: Batch[]): void => {
    if (message.type === 'ops') {
      into.push({ port, first: message.first, ops: message.ops });
      return;
    }
    ports.delete(port);
    port.postMessage({ type: 'left' } satisfies FromWriter);
    port.close();
  };

  /** Collects what waits on the ports, up to a full transaction. */
  const collect = (into: Batch[]): Batch[] => {
    let size = into.reduce((sum, { ops }) => sum + ops.length, 0);
    for (const port of ports)
      while (size < MAX_BATCH) {
        const received = receiveMessageOnPort(port) as { message: ToWriter } | undefined;
        if (received === undefined) break;
        receive(port, received.message, into);
        size += received.message.type === 'ops' ? received.message.ops.length : 0;
      }
    return into;
  };

  let lastBegin = 0;
  let lastSize = 0;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const waitForMore = (batches: Batch[]): void => {
    const wait = lastBegin + COMMIT_EVERY_MS - performance.now();
    if (lastSize < LOAD_OPS || wait <= 0) return;
    // Nothing else is for this thread to do: the messages wait in the ports.
    Atomics.wait(pause, 0, 0, wait);
    collect(batches);
  };

  const answer = (batches: readonly Batch[]): void => {
    const ops = batches.flatMap((batch) => batch.ops);
    lastBegin = performance.now();
    lastSize = ops.length;
    const { replies, notice } = writer.apply(ops);
    const byPort = new Map<MessagePort, { first: number; replies: Reply[] }[]>();
    let next = 0;
    for (const { port, first, ops } of batches) {
      const runs = byPort.get(port) ?? [];
      runs.push({ first, replies: replies.slice(next, next + ops.length) });
      byPort.set(port, runs);
      next += ops.length;
    }
    for (const port of ports) {
      const runs = byPort.get(port) ?? [];
      if (runs.length > 0 || notice !== undefined)
        port.postMessage({ type: 'committed', replies: runs, notice } satisfies FromWriter);
    }
  };

  const work = (port: MessagePort, message: ToWriter): void => {
    const batches: Batch[] = [];
    receive(port, message, batches);
    for (collect(batches); batches.length > 0; collect(batches)) {
      waitForMore(batches);
      answer(batches.splice(0));
    }
  };

  let forgetting: NodeJS.Timeout;
  const forget = (): void => {
    let more = false;
    try {
      more = writer.forgetOldRequests(Date.now());
    } catch {
      // A full disk, say. What can't be forgotten now can be later; the appends tell of the trouble themselves.
    }
    forgetting = setTimeout(forget, more ? FORGET_MORE_MS : FORGET_EVERY_MS);
  };
  forget();

  parent.on('message', (message: ToWriterThread) => {
    switch (message.type) {
      case 'attach':
        ports.add(message.port);
        message.port.on('message', (received: ToWriter) => work(message.port, received));
        return;
      case 'stop':
        for (const batches = collect([]); batches.length > 0; collect(batches)) answer(batches.splice(0));
        clearTimeout(forgetting);
        for (const port of ports) port.close();
        writer.close();
        parent.close();
    }
  });
  parent.postMessage({ type: 'open' } satisfies FromWriterThread);
}

if (parentPort !== null) {
  try {
    run(parentPort, workerData as Start);
  } catch (error) {
    const { name, message } = error as Error;
    parentPort.postMessage({ type: 'failed', name, error: message } satisfies FromWriterThread);
    parentPort.close();
  }
}
