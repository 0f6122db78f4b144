/** One thread's line to the writer thread: sends operations in batches, settles their promises, passes notices on. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CALL_WITHIN_MS, carried, StoreUnavailable } from '../../../ports/errors.ts';
import type { FromWriter, Notice, Op, Reply, ToWriter } from '../protocol.ts';
import { busyShare } from './busy-share.ts';

/** Operations that may wait for their commit; beyond, the store is overloaded. */
const MAX_PENDING = 20_000;
/** A batch goes out at the end of the event loop's turn, or as soon as it has this many operations. */
const FLUSH_AT = 64;
/**
 * Of the time within which a call must end: until its outcome is taken for unknown, if its sender does not wait on, and
 * between two looks for such calls.
 */
const PATIENCE = 10 / 12;
const LOOK_EVERY = 1 / 12;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** When it is given up, on the monotonic clock. */
  readonly until: number;
}

export interface Link {
  /** @throws StoreUnavailable when too much waits, the writer is gone or silent; what the writer refuses with (`ports/errors.ts`) */
  send<T>(op: Op): Promise<T>;
  /**
   * The same for what must not have an unknown outcome: its answer is waited for as long as there is a writer. A job that
   * was taken, say, is nobody's if the answer that hands it over is not heard.
   */
  sendAndWait<T>(op: Op): Promise<T>;
  /** Told of every commit, before the promises of its operations settle. */
  onNotice(listener: (notice: Notice) => void): void;
  /**
   * Takes what the writer has said by now, without waiting for the event loop.
   * @returns whether that is all there is: another thread may hear of a commit a moment earlier
   */
  drainNotices(): boolean;
  /** Aborts when the link is closed or lost: what waits for notices ends. */
  readonly signal: AbortSignal;
  /** Waits for what was sent, as long as an operation is waited for, then lets go of the port. */
  close(): Promise<void>;
  /** The writer is gone. */
  lost(reason: string): void;
}

/** @param withinMs within which a call ends */
export function openLink(port: MessagePort, withinMs = CALL_WITHIN_MS): Link {
  const deadlineMs = withinMs * PATIENCE;
  const pending = new Map<number, Pending>();
  const listeners: ((notice: Notice) => void)[] = [];
  const closing = new AbortController();
  const busy = busyShare();
  let outbox: Op[] = [];
  let nextNumber = 0;
  let scheduled: NodeJS.Immediate | undefined;
  let gone: string | undefined;
  let left: (() => void) | undefined;
  /** Of the writer, once attached. */
  let newest: Int32Array | undefined;
  let heard = 0;

  const flush = (): void => {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    if (outbox.length === 0) return;
    const first = nextNumber - outbox.length;
    port.postMessage({ type: 'ops', first, ops: outbox, busy: busy() } satisfies ToWriter);
    outbox = [];
  };

  const fail = (which: (waiting: Pending) => boolean, reason: string): void => {
    for (const [number, waiting] of pending) {
      if (!which(waiting)) continue;
      pending.delete(number);
      waiting.reject(new StoreUnavailable(reason));
    }
  };
  const failAll = (reason: string): void => fail(() => true, reason);

  const settle = (number: number, reply: Reply): void => {
    const waiting = pending.get(number);
    if (waiting === undefined) return;
    pending.delete(number);
    if (reply.ok) waiting.resolve(reply.value);
    else waiting.reject(carried(reply.error));
  };

  const receive = (message: FromWriter): void => {
    if (message.type === 'left') {
      left?.();
      return;
    }
    if (message.type === 'attached') newest = message.newest;
    if (message.notice !== undefined) {
      heard = message.news ?? heard;
      for (const listener of listeners) listener(message.notice);
    }
    if (message.type === 'attached') return;
    for (const { first, replies } of message.replies)
      for (const [index, reply] of replies.entries()) settle(first + index, reply);
  };
  port.on('message', receive);

  const watch = setInterval(() => {
    const oldest = pending.values().find(hasDeadline);
    if (oldest !== undefined && performance.now() > oldest.until)
      fail(hasDeadline, `the store has not answered for ${deadlineMs} ms`);
  }, withinMs * LOOK_EVERY);
  watch.unref();

  const lost = (reason: string): void => {
    gone ??= reason;
    clearInterval(watch);
    failAll(reason);
    closing.abort();
    left?.();
  };

  const enqueue = <T>(op: Op, until: number): Promise<T> => {
    if (gone !== undefined) return Promise.reject(new StoreUnavailable(gone));
    if (pending.size >= MAX_PENDING) return Promise.reject(new StoreUnavailable('the store is overloaded'));
    return new Promise<T>((resolve, reject) => {
      pending.set(nextNumber, { resolve: resolve as (value: unknown) => void, reject, until });
      nextNumber += 1;
      outbox.push(op);
      if (outbox.length >= FLUSH_AT) flush();
      else scheduled ??= setImmediate(flush);
    });
  };

  return {
    signal: closing.signal,
    send: (op) => enqueue(op, performance.now() + deadlineMs),
    sendAndWait: (op) => enqueue(op, Number.POSITIVE_INFINITY),
    onNotice: (listener) => void listeners.push(listener),
    drainNotices() {
      for (;;) {
        const received = receiveMessageOnPort(port) as { message: FromWriter } | undefined;
        if (received === undefined) break;
        receive(received.message);
      }
      return newest !== undefined && Atomics.load(newest, 0) === heard;
    },
    async close() {
      if (gone !== undefined) return;
      flush();
      gone = 'the store is closed';
      closing.abort();
      await new Promise<void>((resolve) => {
        const silent = setTimeout(resolve, deadlineMs);
        left = () => {
          clearTimeout(silent);
          resolve();
        };
        port.postMessage({ type: 'leave' } satisfies ToWriter);
      });
      clearInterval(watch);
      failAll('the store is closed');
      port.close();
    },
    lost,
  };
}

function hasDeadline({ until }: Pending): boolean {
  return until < Number.POSITIVE_INFINITY;
}
