/** What a thread has of the embedded backend: its reading connection, its line to the writer, and what it was last told. */
import type { MessagePort } from 'node:worker_threads';
import { checkpointOf } from '../schema.ts';
import { type Link, openLink } from './link.ts';
import { openReader, type Statement } from './reader.ts';

export interface EmbeddedThread {
  /** A statement on the reading connection. */
  prepare(sql: string): Statement;
  readonly link: Link;
  /**
   * What is read from now on is no older than what any thread was told of before.
   * @returns whether this one has been told of all of it, too: what it remembers may be older otherwise
   */
  drainNotices(): boolean;
  /** Position of the newest event that this thread was told of. */
  head(): number;
  /** Waits until the log has grown beyond a position, or the signal aborts. */
  headBeyond(position: number, signal: AbortSignal): Promise<void>;
  /** Where a checkpoint stands. A collection's name means the copy that serves. */
  checkpoint(name: string): number;
  /** The same from the file, for who may not have been told of the newest. */
  readHead(): number;
  readCheckpoint(name: string): number;
  /** Calls back at every move of a checkpoint until told to stop. */
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
    headBeyond(position, signal) {
      if (head > position || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = (): void => {
          if (head <= position && !signal.aborted) return;
          headWaiters.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        headWaiters.add(wake);
        signal.addEventListener('abort', wake);
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
