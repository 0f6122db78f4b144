/**
 * The thread that owns the write connection. It serves any number of ports, and commits the operations that have
 * arrived on all of them together.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type CarriedError, carry } from '../../../ports/errors.ts';
import type { FromWriter, Notice, Reply, ToWriter } from '../protocol.ts';
import { arrivals, type Batch, countOps, runsOf } from './arrivals.ts';
import { commitPace } from './commit-pace.ts';
import { startWalCheckpoints } from './wal-checkpoints.ts';
import { openFileWriter } from './writer.ts';

/** Operations that are received from one port before a transaction, about. Further ones wait for the next. */
const MAX_BATCH = 1024;
/** Transactions in a row before the event loop gets a turn. */
const MAX_TURNS = 64;
/** How often, in ms, old requests and replaced copies are dropped. */
const FORGET_EVERY_MS = 60_000;
/**
 * The same, in ms, while there is more to drop: bit by bit, so that no append waits long, and faster than requests
 * arrive.
 */
const FORGET_MORE_MS = 100;

type Replies = { readonly first: number; readonly replies: readonly Reply[] }[];

interface Start {
  readonly file: string;
  readonly contentKey: Uint8Array;
}

export type Rank = 'foreground' | 'background';

export type ToWriterThread =
  | { readonly type: 'attach'; readonly port: MessagePort; readonly rank: Rank }
  /** The thread answers everything that has arrived, then closes the file. */
  | { readonly type: 'stop' };

export type FromWriterThread = { readonly type: 'open' } | { readonly type: 'failed'; readonly error: CarriedError };

const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread, because no timer is precise enough. More operations arrive meanwhile. */
function sleepSync(ms: number): void {
  if (ms > 0) Atomics.wait(never, 0, 0, ms);
}

function run(parent: MessagePort, { file, contentKey }: Start): void {
  const writer = openFileWriter(file, contentKey);
  const walCheckpoints = startWalCheckpoints(file);
  const ports = new Map<MessagePort, Rank>();
  /** Operations that have arrived and are not committed yet. */
  const arrived = {
    foreground: arrivals<MessagePort>(),
    background: arrivals<MessagePort>(),
    /** Operations that need no transaction. */
    atOnce: arrivals<MessagePort>(),
  };
  /** Background operations that are now due. Later arrivals wait for the next turn of the background. */
  const due = arrivals<MessagePort>();
  const pace = commitPace();
  const newest = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let later: NodeJS.Timeout | undefined;

  /** The job consumers of each port. When the port is gone, their running jobs wait again. */
  const takers = new Map<MessagePort, Set<string>>();

  const receive = (port: MessagePort, message: ToWriter): void => {
    if (message.type === 'ops') {
      for (const op of message.ops) if (op.kind === 'takeJobs') takersOf(port).add(op.taker);
      const rank = ports.get(port) ?? 'foreground';
      if (rank === 'foreground' && message.busy !== undefined) pace.answering(message.busy);
      for (const run of runsOf({ sender: port, ...message }, writer.needsTransaction))
        (run.matches ? arrived[rank] : arrived.atOnce).add(run.batch);
      return;
    }
    flush(port);
    forgetPort(port);
    port.postMessage({ type: 'left' } satisfies FromWriter);
    port.close();
  };

  const takersOf = (port: MessagePort): Set<string> => {
    const known = takers.get(port) ?? new Set();
    takers.set(port, known);
    return known;
  };

  const forgetPort = (port: MessagePort): void => {
    ports.delete(port);
    const gone = takers.get(port);
    takers.delete(port);
    if (gone !== undefined) announce(writer.releaseJobs(gone).notice);
  };

  const receiveAll = (): void => {
    for (const port of ports.keys()) {
      for (let size = 0; size < MAX_BATCH; ) {
        const received = receiveMessageOnPort(port) as { message: ToWriter } | undefined;
        if (received === undefined) break;
        receive(port, received.message);
        size += received.message.type === 'ops' ? received.message.ops.length : 1;
      }
    }
  };

  /** Answers everything that a port has sent before it leaves. */
  const flush = (port: MessagePort): void => {
    for (const waiting of [arrived.atOnce, due, arrived.foreground, arrived.background]) {
      const own = waiting.takeFrom(port);
      if (own.length > 0) answer(own);
    }
  };

  const answer = (batches: readonly Batch<MessagePort>[]): void => {
    const { replies, notice } = writer.apply(batches.flatMap(({ ops }) => ops));
    const byPort = new Map<MessagePort, Replies>();
    let next = 0;
    for (const { sender, first, ops } of batches) {
      const runs = byPort.get(sender) ?? [];
      runs.push({ first, replies: replies.slice(next, next + ops.length) });
      byPort.set(sender, runs);
      next += ops.length;
    }
    announce(notice, byPort);
  };

  const announce = (notice: Notice | undefined, byPort: ReadonlyMap<MessagePort, Replies> = new Map()): void => {
    if (notice !== undefined) {
      // Counted before any thread receives the notice, so that every thread can tell if its own copy is still on its way
      // (`Link.drainNotices`).
      const news = Atomics.add(newest, 0, 1) + 1;
      for (const port of ports.keys())
        port.postMessage({ type: 'committed', replies: byPort.get(port) ?? [], notice, news } satisfies FromWriter);
      return;
    }
    for (const [port, replies] of byPort) port.postMessage({ type: 'committed', replies } satisfies FromWriter);
  };

  /** Makes one transaction. @returns false if there is nothing to commit now */
  const commitNext = (): boolean => {
    receiveAll();
    if (!arrived.atOnce.isEmpty) answer(arrived.atOnce.takeAll());
    const isTurn = due.isEmpty && !arrived.background.isEmpty && pace.beforeBackground() === 0;
    if (arrived.foreground.isEmpty && due.isEmpty && !isTurn) return false;
    sleepSync(pace.beforeNext());
    receiveAll();
    if (isTurn) for (const batch of arrived.background.takeAll()) due.add(batch);
    const foreground = arrived.foreground.takeAll();
    const background = due.take(pace.backgroundRows());
    pace.begin(countOps(foreground), countOps(background));
    if (walCheckpoints.isMyTurn()) writer.copyFromWal();
    answer([...foreground, ...background]);
    walCheckpoints.committed();
    return true;
  };

  const work = (): void => {
    clearTimeout(later);
    // Timers and other messages of this thread get a turn, even if the load never ends.
    for (let turn = 1; turn < MAX_TURNS && commitNext(); turn += 1);
    if (!arrived.foreground.isEmpty || !due.isEmpty || !arrived.atOnce.isEmpty) later = setTimeout(work);
    else if (!arrived.background.isEmpty) later = setTimeout(work, pace.beforeBackground());
  };

  let forgetting: NodeJS.Timeout;
  const forget = (): void => {
    let more = false;
    try {
      const [requests, copies] = [writer.forgetOldRequests(Date.now()), writer.dropRetiredCopies()];
      more = requests || copies;
    } catch {
      // For instance a full disk. The next run tries again, and the appends report the trouble themselves.
    }
    forgetting = setTimeout(forget, more ? FORGET_MORE_MS : FORGET_EVERY_MS);
  };
  forget();

  parent.on('message', (message: ToWriterThread) => {
    switch (message.type) {
      case 'attach':
        ports.set(message.port, message.rank);
        message.port.on('message', (received: ToWriter) => {
          receive(message.port, received);
          work();
        });
        // The other thread may end without leaving first.
        message.port.on('close', () => forgetPort(message.port));
        message.port.postMessage({
          type: 'attached',
          newest,
          notice: writer.standing(),
          news: Atomics.load(newest, 0),
        } satisfies FromWriter);
        return;
      case 'stop':
        receiveAll();
        for (const port of ports.keys()) flush(port);
        clearTimeout(later);
        clearTimeout(forgetting);
        for (const port of ports.keys()) port.close();
        void walCheckpoints.stop().then(() => {
          writer.close();
          parent.close();
        });
    }
  });
  parent.postMessage({ type: 'open' } satisfies FromWriterThread);
}

if (parentPort !== null) {
  try {
    run(parentPort, workerData as Start);
  } catch (error) {
    // Errors of SQLite are plain Errors.
    parentPort.postMessage({ type: 'failed', error: carry(error, 'FileUnusable') } satisfies FromWriterThread);
    parentPort.close();
  }
}
