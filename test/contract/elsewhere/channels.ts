/** The line to a far side: a thread's port, or a process's channel. */
import type { ChildProcess } from 'node:child_process';
import type { MessagePort, Worker } from 'node:worker_threads';
import type { FarSide } from './ports.ts';
import type { Channel, FromFar, ToFar } from './wire.ts';

export function toThread(worker: Worker): FarSide {
  return {
    send: (message) => worker.postMessage(message),
    onMessage: (listener) => void worker.on('message', listener),
    ended: new Promise((resolve) => worker.once('exit', () => resolve())),
    kill: async () => void (await worker.terminate()),
  };
}

/** In the thread. @param port its `parentPort` */
export function fromThread(port: MessagePort): Channel<FromFar, ToFar> {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', listener),
  };
}

/** @param child forked with `serialization: 'advanced'`, since positions are no JSON */
export function toProcess(child: ChildProcess): FarSide {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    send: (message) => void child.send(message),
    onMessage: (listener) => void child.on('message', listener),
    ended,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** In the process. */
export function fromProcess(): Channel<FromFar, ToFar> {
  return {
    send: (message) => void process.send?.(message),
    onMessage: (listener) => void process.on('message', listener),
  };
}
