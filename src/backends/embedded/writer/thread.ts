/** The thread that owns the write connection. Serves any number of ports; what has arrived on all of them commits together. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type CarriedError, carry } from '../../../ports/errors.ts';
import type { FromWriter, Notice, Reply, ToWriter } from '../protocol.ts';
import { arrivals, type Batch, countOps, runsOf } from './arrivals.ts';
import { commitPace } from './commit-pace.ts';
import { startWalCheckpoints } from './wal-checkpoints.ts';
import { openFileWriter } from './writer.ts';

/** Operations of one transaction at most; more wait for the next. */
const MAX_BATCH = 1024;
/** Transactions in a row before the thread looks at what else it has to do. */
const MAX_TURNS = 64;
const FORGET_EVERY_MS = 60_000;
/** While there is more to forget: bite by bite, so that no append waits long, and faster than requests come. */
const FORGET_MORE_MS = 100;

type Replies = { readonly first: number; readonly replies: readonly Reply[] }[];

interface Start {
  readonly file: string;
  readonly contentKey: Uint8Array;
}

export type Rank = 'foreground' | 'background';

export type ToWriterThread =
  | { readonly type: 'attach'; readonly port: MessagePort; readonly rank: Rank }
  /** Everything is answered, then the file is closed. */
  | { readonly type: 'stop' };

export type FromWriterThread = { readonly type: 'open' } | { readonly type: 'failed'; readonly error: CarriedError };

const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks the thread, for which no timer is fine enough; more arrives meanwhile. */
function sleepSync(ms: number): void {
  if (ms > 0) Atomics.wait(never, 0, 0, ms);
}

function run(parent: MessagePort, { file, contentKey }: Start): void {
  const writer = openFileWriter(file, contentKey);
  const walCheckpoints = startWalCheckpoints(file);
  const ports = new Map<MessagePort, Rank>();
  /** What has arrived and is not committed yet. */
  const arrived = {
    foreground: arrivals<MessagePort>(),
    background: arrivals<MessagePort>(),
    /** Whatever needs no transaction. */
    atOnce: arrivals<MessagePort>(),
  };
  /** The background's whose turn has come; what arrives meanwhile waits for the next. */
  const due = arrivals<MessagePort>();
  const pace = commitPace();
  const newest = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let later: NodeJS.Timeout | undefined;

  /** Consumers of jobs on each port: when it is gone, what they were running waits again. */
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

  /** What a port sent before it leaves is not left behind. */
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
      // Counted before any thread receives it: a thread whose own copy is still on its way can tell (`Link.drainNotices`).
      const news = Atomics.add(newest, 0, 1) + 1;
      for (const port of ports.keys())
        port.postMessage({ type: 'committed', replies: byPort.get(port) ?? [], notice, news } satisfies FromWriter);
      return;
    }
    for (const [port, replies] of byPort) port.postMessage({ type: 'committed', replies } satisfies FromWriter);
  };

  /** One transaction, if there is something to commit by now. */
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
    // Timers and the other messages of this thread have their turn, also under a load that never ends.
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
      // A full disk, say. What can't be forgotten now can be later; the appends tell of the trouble themselves.
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
        // The other side may end without a word.
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
    // SQLite's own words come as a plain Error.
    parentPort.postMessage({ type: 'failed', error: carry(error, 'FileUnusable') } satisfies FromWriterThread);
    parentPort.close();
  }
}
