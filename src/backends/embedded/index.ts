/**
 * All ports on one SQLite file (`docs/architecture.md §What survives what`). One thread writes; any number of threads
 * read.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Backend } from '../../ports/backend.ts';
import { carried, FileUnusable } from '../../ports/errors.ts';
import { type EmbeddedThread, openThread } from './connection/connection.ts';
import { embeddedContents } from './contents.ts';
import { embeddedDocuments } from './documents/index.ts';
import { type EventCodec, embeddedEventLog } from './event-log.ts';
import { embeddedJobs } from './jobs.ts';
import { embeddedLeases } from './leases.ts';
import type { FromWriterThread, Rank, ToWriterThread } from './writer/thread.ts';

export interface EmbeddedOptions {
  /** Path of the SQLite file. Its folder exists, and this process holds its lock (`data-folder.ts`). */
  readonly file: string;
  /** 32 bytes. */
  readonly contentKey: Uint8Array;
  readonly codec: EventCodec;
  /** Every call ends within this many ms, even if the writer hangs or dies; `CALL_WITHIN_MS` if absent. */
  readonly callWithinMs?: number;
}

export interface EmbeddedBackend extends Backend {
  /** Makes a port for another thread of this process, which passes it to `attachEmbedded`. */
  connect(rank: Rank): MessagePort;
  /** Resolves if the writer thread dies unasked. All pending calls have been rejected by then. */
  readonly failed: Promise<Error>;
}

/**
 * @throws WrongContentKey; NewerFile if a later release has written the file; FileUnusable with SQLite's message if,
 * for instance, the file is damaged or the disk is full
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<EmbeddedBackend> {
  const { file, contentKey, callWithinMs } = options;
  const worker = new Worker(new URL('./writer/thread.ts', import.meta.url), {
    name: 'writer',
    workerData: { file, contentKey },
  });
  await opened(worker);

  const connect = (rank: Rank): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ type: 'attach', port: port2, rank } satisfies ToWriterThread, [port2]);
    return port1;
  };

  let stopping = false;
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    stopping = true;
    worker.postMessage({ type: 'stop' } satisfies ToWriterThread);
    await ended;
  };
  let thread: EmbeddedThread;
  try {
    thread = opening(() => openThread(file, connect('foreground'), callWithinMs));
  } catch (error) {
    await stop();
    throw error;
  }
  const failed = new Promise<Error>((resolve) => {
    worker.once('error', (error) => resolve(error as Error));
    worker.once('exit', (code) => {
      if (!stopping) resolve(new Error(`the writer thread ended with code ${code}`));
    });
  });
  void failed.then((error) => thread.link.lost(error.message));

  return {
    ...portsOf(thread, options),
    connect,
    failed,
    async close() {
      stopping = true;
      await thread.close();
      await stop();
    },
  };
}

/** Opens the ports in a thread that did not open the backend itself. @throws FileUnusable */
export function attachEmbedded(port: MessagePort, options: EmbeddedOptions): Backend {
  const thread = opening(() => openThread(options.file, port, options.callWithinMs));
  port.once('close', () => thread.link.lost('the writer is gone'));
  return portsOf(thread, options);
}

function portsOf(thread: EmbeddedThread, { codec, contentKey }: EmbeddedOptions): Backend {
  return {
    log: embeddedEventLog(thread, codec),
    documents: embeddedDocuments(thread),
    jobs: embeddedJobs(thread),
    contents: embeddedContents(thread, contentKey),
    leases: embeddedLeases(thread.link),
    close: () => thread.close(),
  };
}

function opened(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (message: FromWriterThread) => {
      worker.off('error', reject);
      if (message.type === 'open') return resolve();
      reject(carried(message.error));
    });
  });
}

/** @throws FileUnusable with SQLite's message */
function opening(open: () => EmbeddedThread): EmbeddedThread {
  try {
    return open();
  } catch (error) {
    throw new FileUnusable((error as Error).message, { cause: error });
  }
}
