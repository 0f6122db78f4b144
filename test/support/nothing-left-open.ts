/** Set up before every test file: a file that leaves handles open (sockets, servers, threads, processes, timers) fails. */
import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';

/** Handles that were just closed need a few turns of the event loop to be gone. */
const PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 10;

// Node does not name threads among the active resources.
const threads = new Set<Worker>();
subscribe('worker_threads', (message) => {
  const { worker } = message as { worker: Worker };
  threads.add(worker);
  worker.once('exit', () => threads.delete(worker));
});

const before = counts();

// Registered first, so run last: after all that the file closes.
afterAll(async () => {
  const patience = Date.now() + PATIENCE_MS;
  let left = leftOpen();
  while (left.length > 0 && Date.now() < patience) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    left = leftOpen();
  }
  if (left.length > 0) throw new Error(`left open by this file: ${left.join(', ')}`);
});

function leftOpen(): string[] {
  return [...counts()].flatMap(([type, count]) => {
    const more = count - (before.get(type) ?? 0);
    return more > 0 ? [`${more} ${type}`] : [];
  });
}

function counts(): Map<string, number> {
  const found = new Map(threads.size > 0 ? [['Worker', threads.size]] : []);
  for (const type of process.getActiveResourcesInfo()) found.set(type, (found.get(type) ?? 0) + 1);
  return found;
}
