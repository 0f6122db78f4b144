/** A thread's access to the embedded backend: a reading connection, a link to the writer, and the newest notices. */
import type { MessagePort } from 'node:worker_threads';
import { checkpointOf } from '../schema.ts';
import { type Link, openLink } from './link.ts';
import { openReader, type Statement } from './reader.ts';

export interface EmbeddedThread {
  /** A statement on the reading connection. */
  prepare(sql: string): Statement;
  readonly link: Link;
  /**
   * Processes pending notices, so that later reads see every commit that was announced to any thread before this call.
   * @returns false if a notice is still on its way to this thread: its caches may then be stale
   */
  drainNotices(): boolean;
  /** Position of the newest event of which this thread has a notice. */
  head(): number;
  /** Waits until the log has grown beyond a position, the signal aborts, or this many ms are over. */
  headBeyond(position: number, signal: AbortSignal, withinMs?: number): Promise<void>;
  /** The position of a checkpoint. The name of a collection means its serving copy. */
  checkpoint(name: string): number;
  /** `head` and `checkpoint` read from the file, for a caller whose newest notice may still be on its way. */
  readHead(): number;
  readCheckpoint(name: string): number;
  /** Calls the listener at every move of a checkpoint, until the returned function is called. */
  onCheckpoint(listener: (name: string, position: number) => void): () => void;
  close(): Promise<void>;
}

export function openThread(file: string, port: MessagePort, withinMs?: number): EmbeddedThread {
  const link = openLink(port, withinMs);
  const reader = openReader(file);
  const selectCheckpoint = reader.prepare(
    `SELECT position FROM checkpoints
     WHERE name = coalesce((SELECT ${checkpointOf('name', 'serving')} FROM collections WHERE name = ?), ?)`,
  );
  const checkpoints = new Map<string, number>();
  const headWaiters = new Set<() => void>();
  const checkpointListeners = new Set<(name: string, position: number) => void>();
  const selectHead = reader.prepare('SELECT max(position) AS position FROM events');
  const readHead = (): number => Number(selectHead.get()?.position ?? 0);
  const readCheckpoint = (name: string): number => Number(selectCheckpoint.get(name, name)?.position ?? 0);
  let head = readHead();

  link.onNotice((notice) => {
    reader.refresh();
    for (const [name, position] of notice.checkpoints) {
      checkpoints.set(name, position);
      for (const listener of checkpointListeners) listener(name, position);
    }
    if (notice.head <= head) return;
    head = notice.head;
    for (const wake of [...headWaiters]) wake();
  });

  return {
    prepare: reader.prepare,
    link,
    drainNotices() {
      const all = link.drainNotices();
      if (!all) reader.refresh();
      return all;
    },
    head: () => head,
    headBeyond(position, signal, withinMs) {
      if (head > position || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          headWaiters.delete(wake);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const wake = (): void => {
          if (head > position) end();
        };
        const timer = withinMs === undefined ? undefined : setTimeout(end, withinMs);
        headWaiters.add(wake);
        signal.addEventListener('abort', end);
      });
    },
    readHead,
    readCheckpoint,
    checkpoint(name) {
      const known = checkpoints.get(name);
      if (known !== undefined) return known;
      const position = readCheckpoint(name);
      checkpoints.set(name, position);
      return position;
    },
    onCheckpoint(listener) {
      checkpointListeners.add(listener);
      return () => void checkpointListeners.delete(listener);
    },
    async close() {
      await link.close();
      reader.close();
    },
  };
}
