import { type Position, positionOf } from '../../../domain/position.ts';
import type { Copy, Documents } from '../../../ports/documents.ts';
import { CheckpointOfAnotherLog } from '../../../ports/errors.ts';
import type { EmbeddedThread } from '../connection/connection.ts';
import { copyCheckpoint } from '../schema.ts';

interface Waiter {
  readonly wanted: number;
  readonly finish: (reached: boolean) => void;
}

export function documentCheckpoints(thread: EmbeddedThread): Pick<Documents, 'checkpoint' | 'reached'> {
  const select = thread.prepare(
    `SELECT position, log FROM checkpoints
     WHERE name = coalesce((SELECT name || '~' || serving FROM collections WHERE name = ?), ?)`,
  );
  const waiters = new Map<string, Set<Waiter>>();

  // One listener serves all waiters.
  thread.onCheckpoint((name, position) => {
    for (const waiter of waiters.get(name) ?? []) if (position >= waiter.wanted) waiter.finish(true);
  });
  thread.link.signal.addEventListener('abort', () => {
    for (const waiting of waiters.values()) for (const { finish } of waiting) finish(false);
  });

  const now = (name: string): number => (thread.drainNotices() ? thread.checkpoint(name) : thread.readCheckpoint(name));

  return {
    async checkpoint(of: string | Copy, log?: string): Promise<Position> {
      const name = typeof of === 'string' ? of : copyCheckpoint(of.collection, of.generation);
      thread.drainNotices();
      const row = select.get(name, name);
      if (row !== undefined && log !== undefined && row.log !== log)
        throw new CheckpointOfAnotherLog(`checkpoint ${name} counts positions of log ${row.log}, not of ${log}`);
      return positionOf(Number(row?.position ?? 0));
    },

    reached(name, position, timeoutMs) {
      const wanted = Number(position);
      if (now(name) >= wanted) return Promise.resolve(true);
      if (thread.link.signal.aborted) return Promise.resolve(false);
      return new Promise((resolve) => {
        const waiting = waiters.get(name) ?? new Set<Waiter>();
        waiters.set(name, waiting);
        const waiter: Waiter = {
          wanted,
          finish(reached) {
            clearTimeout(timer);
            waiting.delete(waiter);
            if (waiting.size === 0) waiters.delete(name);
            resolve(reached);
          },
        };
        const timer = setTimeout(() => waiter.finish(false), timeoutMs);
        waiting.add(waiter);
      });
    },
  };
}
