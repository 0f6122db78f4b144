/**
 * Copies commits from the write-ahead log into the file, in a thread of its own. Under load that is tens of megabytes a
 * second, and no commit should wait for it. The writer itself copies only the last pages: the log can start again from
 * its beginning only if all of it is copied when the next transaction starts.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { openCheckpointer } from '../schema.ts';
import { walPass } from './wal-pass.ts';

/**
 * ms from the first commit after a round to the next round. A page that is written several times meanwhile is copied
 * once.
 */
const EVERY_MS = 500;
/** If a pass finds at most this many new pages, the rest is left to the writer. */
const FEW_PAGES = 256;
/** Passes in one round. The next pass copies the commits made during this one, which are fewer. */
const MAX_PASSES = 4;

/** Cells of the memory that the two threads share. */
const COMMITS = 0;
const STOP = 1;
const WRITERS_TURN = 2;
const CELLS = 3;

interface Start {
  readonly file: string;
  readonly shared: Int32Array;
}

export interface WalCheckpoints {
  /** To be called after every commit of the writer. */
  committed(): void;
  /**
   * Whether few enough pages are left for the writer to copy them now, before its next transaction. True once a round.
   */
  isMyTurn(): boolean;
  /** Ends the thread, after a pass that is under way. */
  stop(): Promise<void>;
}

export function startWalCheckpoints(file: string): WalCheckpoints {
  const shared = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(new URL(import.meta.url), {
    name: 'wal-checkpoints',
    workerData: { walCheckpoints: { file, shared } satisfies Start },
  });
  // If this thread fails, the writer's connection copies everything, as SQLite does by default: late, while commits wait.
  worker.once('error', () => undefined);
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const committed = (): void => {
    Atomics.add(shared, COMMITS, 1);
    Atomics.notify(shared, COMMITS);
  };
  return {
    committed,
    isMyTurn: () => Atomics.exchange(shared, WRITERS_TURN, 0) === 1,
    async stop() {
      Atomics.store(shared, STOP, 1);
      Atomics.notify(shared, STOP);
      committed();
      await ended;
    },
  };
}

function run({ file, shared }: Start): void {
  const db = openCheckpointer(file);
  const pass = walPass(db);
  const isStopped = (): boolean => Atomics.load(shared, STOP) === 1;

  const round = (): void => {
    let copied = 0;
    for (let passes = 0; passes < MAX_PASSES && !isStopped(); passes += 1) {
      const passed = pass();
      if (passed === undefined) return;
      if (passed.all - copied <= FEW_PAGES) return void Atomics.store(shared, WRITERS_TURN, 1);
      copied = passed.copied;
    }
  };

  let seen = 0;
  while (!isStopped()) {
    Atomics.wait(shared, COMMITS, seen);
    Atomics.wait(shared, STOP, 0, EVERY_MS);
    seen = Atomics.load(shared, COMMITS);
    round();
  }
  db.close();
}

const start = (workerData as { readonly walCheckpoints?: Start } | null)?.walCheckpoints;
if (!isMainThread && start !== undefined) run(start);
