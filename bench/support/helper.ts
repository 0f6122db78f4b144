/** A process of its own beside the measured one, so that neither waits for the other's event loop. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { FromHelper, Order } from './orders.ts';

export interface Helper<O, R> {
  readonly pid: number;
  ask(order: O): Promise<R>;
  onNote(listener: (value: unknown) => void): void;
  close(): Promise<void>;
}

/** @returns the helper and its first message, which says that it is ready */
export async function startHelper<O, R, Ready = undefined>(
  file: URL,
  args: readonly string[] = [],
): Promise<Helper<O, R> & { readonly ready: Ready }> {
  const child = fork(file, args, { serialization: 'advanced', execArgv: [] });
  const waiting = new Map<number, PromiseWithResolvers<R>>();
  const ready = Promise.withResolvers<Ready>();
  let listener: (value: unknown) => void = () => undefined;
  let lastId = 0;

  child.on('message', (message) => {
    const told = message as FromHelper;
    switch (told.type) {
      case 'ready':
        return ready.resolve(told.value as Ready);
      case 'note':
        return listener(told.value);
      case 'result':
        waiting.get(told.id)?.resolve(told.value as R);
        return void waiting.delete(told.id);
      case 'failed':
        waiting.get(told.id)?.reject(new Error(told.error));
        return void waiting.delete(told.id);
    }
  });
  child.once('exit', (code, signal) => {
    const error = new Error(`${file.pathname} ended (${signal ?? code})`);
    ready.reject(error);
    for (const { reject } of waiting.values()) reject(error);
  });

  return {
    ready: await ready.promise,
    pid: child.pid ?? 0,
    ask(body) {
      const answer = Promise.withResolvers<R>();
      lastId += 1;
      waiting.set(lastId, answer);
      child.send({ id: lastId, body } satisfies Order);
      return answer.promise;
    },
    onNote(next) {
      listener = next;
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}
